;;! target = "x86_64"
;;! show = "opt"
;; A constant index is masked as any other is: the processor may guess that a growing table is larger than it is. Below
;; the declared minimum, and in a table of fixed size, there is nothing to guess.
(module (table $grows 4 funcref) (table $fixed 4 4 funcref)
  (func (export "below") (result funcref) (table.get $grows (i32.const 3)))
  (func (export "above") (result funcref) (table.get $grows (i32.const 4)))
  (func (export "fixed") (result funcref) (table.get $fixed (i32.const 3)))
  (func (export "never") (result funcref) (table.get $fixed (i32.const 4)))
  (func (export "set") (param funcref) (table.set $grows (i32.const 1000) (local.get 0))))
;; below:
;; function "function[0]" sym0 wasm(i64) -> i64 {
;; block0(v0: i64):
;;   v2 = vmctx
;;   v3 = load.i64 v2+40 r4 mapped
;;   v4 = load.i64 v3+24 r2 mapped
;;   return v4
;; }
;; above:
;; function "function[1]" sym1 wasm(i64) -> i64 {
;; block0(v0: i64):
;;   v2 = vmctx
;;   v3 = load.i64 v2+48 r4 mapped
;;   v4 = iconst.i64 4
;;   v5 = icmp.i64 ule v3, v4
;;   trapif v5, 4
;;   v6 = iconst.i64 0
;;   v7 = select.i64 v5, v6, v4 guard
;;   v8 = load.i64 v2+40 r4 mapped
;;   v9 = iconst.i64 3
;;   v10 = shl.i64 v7, v9
;;   v11 = iadd.i64 v8, v10
;;   v12 = load.i64 v11 r2 trap=4
;;   return v12
;; }
;; fixed:
;; function "function[2]" sym2 wasm(i64) -> i64 {
;; block0(v0: i64):
;;   v2 = vmctx
;;   v3 = load.i64 v2+56 r4 readonly mapped
;;   v4 = load.i64 v3+24 r2 mapped
;;   return v4
;; }
;; never:
;; function "function[3]" sym3 wasm(i64) -> i64 {
;; block0(v0: i64):
;;   trap 4
;; }
;; set:
;; function "function[4]" sym4 wasm(i64, i64) {
;; block0(v0: i64, v1: i64):
;;   v3 = vmctx
;;   v4 = load.i64 v3+48 r4 mapped
;;   v5 = iconst.i64 1000
;;   v6 = icmp.i64 ule v4, v5
;;   trapif v6, 4
;;   v7 = iconst.i64 0
;;   v8 = select.i64 v6, v7, v5 guard
;;   v9 = load.i64 v3+40 r4 mapped
;;   v10 = iconst.i64 3
;;   v11 = shl.i64 v8, v10
;;   v12 = iadd.i64 v9, v11
;;   store.i64 v12, v1 r2 trap=4
;;   return
;; }
