;;! target = "x86_64"
;;! show = "opt"
;; A loop that tests at its head tests at its end instead, after one test before it.
(module (func (export "f") (param i32) (result i32) (local i32)
  (block (loop
    (br_if 1 (i32.ge_u (local.get 1) (local.get 0)))
    (local.set 1 (i32.add (local.get 1) (i32.const 3)))
    (br 0)))
  (local.get 1)))
;; f:
;; function "function[0]" sym0 wasm(i64, i32) -> i32 {
;; block0(v0: i64, v1: i32):
;;   v2 = iconst.i32 0
;;   brif v1, block4, block5
;; block4:
;;   jump block2(v2)
;; block2(v7: i32):
;;   v5 = iconst.i32 3
;;   v6 = iadd.i32 v7, v5
;;   v9 = icmp.i32 ule v1, v6
;;   brif v9, block6, block7
;; block7:
;;   jump block2(v6)
;; block6:
;;   jump block3(v6)
;; block5:
;;   jump block3(v2)
;; block3(v8: i32):
;;   return v8
;; }
