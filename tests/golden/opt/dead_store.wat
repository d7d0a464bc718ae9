;;! target = "x86_64"
;;! show = "opt"
;; A store that is overwritten before anyone can look at it goes, but not the trap of a memory that may end before it.
(module (memory 1) (global $g (mut i32) (i32.const 0))
  (func (export "global") (global.set $g (i32.const 1)) (global.set $g (i32.const 2)))
  (func (export "memory") (param i32)
    (i32.store (local.get 0) (i32.const 1))
    (i32.store (local.get 0) (i32.const 2)))
  (func (export "wider") (param i32)
    (i32.store (local.get 0) (i32.const 1))
    (i64.store (local.get 0) (i64.const 2)))
  (func (export "narrower") (param i32)
    (i64.store (local.get 0) (i64.const 1))
    (i32.store (local.get 0) (i32.const 2)))
  (func (export "read_between") (param i32) (result i32)
    (i32.store (local.get 0) (i32.const 1))
    (i32.store (local.get 0) (i32.const 2) (i32.load offset=4 (local.get 0)) (drop))
    (i32.load (local.get 0))))
;; global:
;; function "function[0]" sym0 wasm(i64) {
;; block0(v0: i64):
;;   v2 = vmctx
;;   v3 = iconst.i32 2
;;   store.i32 v2+64, v3 r3
;;   return
;; }
;; memory:
;; function "function[1]" sym1 wasm(i64, i32) {
;; block0(v0: i64, v1: i32):
;;   v3 = uextend.i64 v1
;;   v4 = vmctx
;;   v5 = load.i64 v4+40 r4 readonly mapped
;;   v6 = iadd.i64 v3, v5
;;   v7 = iconst.i32 2
;;   store.i32 v6, v7 r1 trap=2
;;   return
;; }
;; wider:
;; function "function[2]" sym2 wasm(i64, i32) {
;; block0(v0: i64, v1: i32):
;;   v2 = iconst.i32 1
;;   v3 = uextend.i64 v1
;;   v4 = vmctx
;;   v5 = load.i64 v4+40 r4 readonly mapped
;;   v6 = iadd.i64 v3, v5
;;   store.i32 v6, v2 r1 trap=2
;;   v7 = iconst.i64 2
;;   store.i64 v6, v7 r1 trap=2
;;   return
;; }
;; narrower:
;; function "function[3]" sym3 wasm(i64, i32) {
;; block0(v0: i64, v1: i32):
;;   v2 = iconst.i64 1
;;   v3 = uextend.i64 v1
;;   v4 = vmctx
;;   v5 = load.i64 v4+40 r4 readonly mapped
;;   v6 = iadd.i64 v3, v5
;;   store.i64 v6, v2 r1 trap=2
;;   v7 = iconst.i32 2
;;   store.i32 v6, v7 r1 trap=2
;;   return
;; }
;; read_between:
;; function "function[4]" sym4 wasm(i64, i32) -> i32 {
;; block0(v0: i64, v1: i32):
;;   v2 = iconst.i32 1
;;   v3 = uextend.i64 v1
;;   v4 = vmctx
;;   v5 = load.i64 v4+40 r4 readonly mapped
;;   v6 = iadd.i64 v3, v5
;;   store.i32 v6, v2 r1 trap=2
;;   v7 = iconst.i32 2
;;   v8 = load.i32 v6+4 r1 trap=2
;;   store.i32 v6, v7 r1 trap=2
;;   return v7
;; }
