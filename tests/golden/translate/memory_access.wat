;;! target = "x86_64"
;;! show = "ir"
;; A 32-bit memory behind a guard has no check; a 64-bit one has; a constant offset is part of the access.
(module (memory $a 1) (memory $b i64 1)
  (func (export "guarded") (param i32) (result i64) (i64.load offset=8 (local.get 0)))
  (func (export "checked") (param i64) (result i64) (i64.load $b offset=8 (local.get 0)))
  (func (export "narrow") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))
;; guarded:
;; function "function[0]" sym0 wasm(i64, i32) -> i64 {
;; block0(v0: i64, v1: i32):
;;   v2 = uextend.i64 v1
;;   v3 = vmctx
;;   v4 = load.i64 v3+40 r4 readonly mapped
;;   v5 = iadd.i64 v4, v2
;;   v6 = load.i64 v5+8 r1 trap=2
;;   return v6
;; }
;; checked:
;; function "function[1]" sym1 wasm(i64, i64) -> i64 {
;; block0(v0: i64, v1: i64):
;;   v2 = vmctx
;;   v3 = load.i64 v2+64 r4 mapped
;;   v4 = iconst.i64 16
;;   v5 = iconst.i64 -16
;;   v6 = iadd.i64 v3, v5
;;   v7 = icmp.i64 ugt v1, v6
;;   trapif v7, 2
;;   v8 = load.i64 v2+56 r4 mapped
;;   v9 = iadd.i64 v8, v1
;;   v10 = iconst.i64 8
;;   v11 = iadd.i64 v9, v10
;;   v12 = iconst.i64 0
;;   v13 = select.i64 v7, v12, v11 guard
;;   v14 = load.i64 v13 r7 trap=2
;;   return v14
;; }
;; narrow:
;; function "function[2]" sym2 wasm(i64, i32, i32) {
;; block0(v0: i64, v1: i32, v2: i32):
;;   v3 = uextend.i64 v1
;;   v4 = vmctx
;;   v5 = load.i64 v4+40 r4 readonly mapped
;;   v6 = iadd.i64 v5, v3
;;   store.i32 u8 v6, v2 r1 trap=2
;;   return
;; }
