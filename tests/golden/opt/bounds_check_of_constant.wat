;;! target = "x86_64"
;;! show = "opt"
;; Constant indices into a table that cannot shrink, and constant addresses below the least size, need no check.
(module (memory i64 1) (table 4 funcref)
  (func (export "table") (result funcref) (table.get 0 (i32.const 3)))
  (func (export "memory") (result i32) (i32.load offset=100 (i64.const 1000))))
;; table:
;; function "function[0]" sym0 wasm(i64) -> i64 {
;; block0(v0: i64):
;;   v2 = vmctx
;;   v3 = load.i64 v2+56 r4 mapped
;;   v4 = load.i64 v3+24 r2 mapped
;;   return v4
;; }
;; memory:
;; function "function[1]" sym1 wasm(i64) -> i32 {
;; block0(v0: i64):
;;   v2 = vmctx
;;   v3 = load.i64 v2+40 r4 mapped
;;   v4 = load.i32 v3+1100 r1 mapped
;;   return v4
;; }
