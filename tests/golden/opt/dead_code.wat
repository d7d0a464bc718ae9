;;! target = "x86_64"
;;! show = "opt"
;; What nothing uses is gone, unless it traps.
(module
  (func (export "pure") (param i32) (drop (i32.mul (local.get 0) (local.get 0))))
  (func (export "trap") (param i32) (drop (i32.div_u (local.get 0) (i32.const 3))) (drop (i32.div_u (i32.const 3) (local.get 0)))))
;; pure:
;; function "function[0]" sym0 wasm(i64, i32) {
;; block0(v0: i64, v1: i32):
;;   return
;; }
;; trap:
;; function "function[1]" sym1 wasm(i64, i32) {
;; block0(v0: i64, v1: i32):
;;   v2 = iconst.i32 3
;;   v4 = udiv.i32 v2, v1 trap=8
;;   return
;; }
