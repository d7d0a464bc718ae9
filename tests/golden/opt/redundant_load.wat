;;! target = "x86_64"
;;! show = "opt"
;; The second load is the first one's value or what was stored; a store elsewhere of another region does not matter.
(module (memory 1) (global $g (mut i32) (i32.const 0))
  (func (export "twice") (param i32) (result i32)
    (i32.add (i32.load (local.get 0)) (i32.load (local.get 0))))
  (func (export "forwarded") (param i32 i32) (result i32)
    (i32.store (local.get 0) (local.get 1))
    (global.set $g (i32.const 7))
    (i32.load (local.get 0)))
  (func (export "clobbered") (param i32 i32) (result i32)
    (i32.store (local.get 0) (i32.const 1))
    (i32.store (local.get 1) (i32.const 2))
    (i32.load (local.get 0))))
;; twice:
;; function "function[0]" sym0 wasm(i64, i32) -> i32 {
;; block0(v0: i64, v1: i32):
;;   v2 = uextend.i64 v1
;;   v3 = vmctx
;;   v4 = load.i64 v3+40 r4 readonly mapped
;;   v5 = iadd.i64 v2, v4
;;   v6 = load.i32 v5 r1 trap=2
;;   v8 = iadd.i32 v6, v6
;;   return v8
;; }
;; forwarded:
;; function "function[1]" sym1 wasm(i64, i32, i32) -> i32 {
;; block0(v0: i64, v1: i32, v2: i32):
;;   v3 = uextend.i64 v1
;;   v4 = vmctx
;;   v5 = load.i64 v4+40 r4 readonly mapped
;;   v6 = iadd.i64 v3, v5
;;   store.i32 v6, v2 r1 trap=2
;;   v7 = iconst.i32 7
;;   store.i32 v4+64, v7 r3
;;   return v2
;; }
;; clobbered:
;; function "function[2]" sym2 wasm(i64, i32, i32) -> i32 {
;; block0(v0: i64, v1: i32, v2: i32):
;;   v3 = iconst.i32 1
;;   v4 = uextend.i64 v1
;;   v5 = vmctx
;;   v6 = load.i64 v5+40 r4 readonly mapped
;;   v7 = iadd.i64 v4, v6
;;   store.i32 v7, v3 r1 trap=2
;;   v8 = iconst.i32 2
;;   v9 = uextend.i64 v2
;;   v10 = iadd.i64 v6, v9
;;   store.i32 v10, v8 r1 trap=2
;;   v11 = load.i32 v7 r1 trap=2
;;   return v11
;; }
