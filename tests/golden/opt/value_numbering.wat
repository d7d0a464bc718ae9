;;! target = "x86_64"
;;! show = "opt"
;; Equal expressions are one, also across blocks and with operands exchanged.
(module (func (export "f") (param i32 i32) (result i32)
  (if (result i32) (i32.mul (local.get 0) (local.get 1))
    (then (i32.add (i32.mul (local.get 1) (local.get 0)) (i32.const 1)))
    (else (i32.xor (i32.add (local.get 0) (local.get 1)) (i32.add (local.get 1) (local.get 0)))))))
;; f:
;; function "function[0]" sym0 wasm(i64, i32, i32) -> i32 {
;; block0(v0: i64, v1: i32, v2: i32):
;;   v3 = imul.i32 v1, v2
;;   brif v3, block1, block2
;; block1:
;;   v5 = iconst.i32 1
;;   v6 = iadd.i32 v3, v5
;;   jump block3(v6)
;; block2:
;;   v11 = iconst.i32 0
;;   jump block3(v11)
;; block3(v10: i32):
;;   return v10
;; }
