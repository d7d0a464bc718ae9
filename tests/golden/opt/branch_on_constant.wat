;;! target = "x86_64"
;;! show = "opt"
;; A branch whose condition is known is none.
(module (func (export "f") (param i32) (result i32)
  (if (result i32) (i32.const 1) (then (local.get 0)) (else (unreachable)))))
;; f:
;; function "function[0]" sym0 wasm(i64, i32) -> i32 {
;; block0(v0: i64, v1: i32):
;;   return v1
;; }
