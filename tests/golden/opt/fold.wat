;;! target = "x86_64"
;;! show = "opt"
;; Constants and identities.
(module
  (func (export "constants") (result i32) (i32.mul (i32.add (i32.const 3) (i32.const 4)) (i32.const 6)))
  (func (export "identities") (param i32) (result i32)
    (i32.or (i32.and (local.get 0) (i32.const -1)) (i32.xor (local.get 0) (local.get 0))))
  (func (export "reassociated") (param i32) (result i32)
    (i32.add (i32.add (local.get 0) (i32.const 5)) (i32.const -3)))
  (func (export "not_not") (param i32) (result i32) (i32.eqz (i32.eqz (local.get 0))))
  (func (export "division_by_zero") (param i32) (result i32) (i32.div_u (local.get 0) (i32.const 0))))
;; constants:
;; function "function[0]" sym0 wasm(i64) -> i32 {
;; block0(v0: i64):
;;   v5 = iconst.i32 42
;;   return v5
;; }
;; identities:
;; function "function[1]" sym1 wasm(i64, i32) -> i32 {
;; block0(v0: i64, v1: i32):
;;   return v1
;; }
;; reassociated:
;; function "function[2]" sym2 wasm(i64, i32) -> i32 {
;; block0(v0: i64, v1: i32):
;;   v5 = iconst.i32 2
;;   v6 = iadd.i32 v1, v5
;;   return v6
;; }
;; not_not:
;; function "function[3]" sym3 wasm(i64, i32) -> i32 {
;; block0(v0: i64, v1: i32):
;;   v2 = iconst.i32 0
;;   v5 = icmp.i32 ne v1, v2
;;   return v5
;; }
;; division_by_zero:
;; function "function[4]" sym4 wasm(i64, i32) -> i32 {
;; block0(v0: i64, v1: i32):
;;   v2 = iconst.i32 0
;;   v3 = udiv.i32 v1, v2 trap=8
;;   return v3
;; }
