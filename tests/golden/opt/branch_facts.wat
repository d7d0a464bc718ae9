;;! target = "x86_64"
;;! show = "opt"
;; What a branch found out is known behind it.
(module
  (func (export "twice") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (if (result i32) (local.get 0) (then (i32.const 1)) (else (unreachable))))
      (else (i32.const 2))))
  (func (export "short_circuit") (param i32 i32) (result i32)
    (if (result i32) (if (result i32) (local.get 0) (then (i32.ne (local.get 1) (i32.const 0))) (else (i32.const 0)))
      (then (i32.const 10)) (else (i32.const 20)))))
;; twice:
;; function "function[0]" sym0 wasm(i64, i32) -> i32 {
;; block0(v0: i64, v1: i32):
;;   brif v1, block3, block2
;; block3:
;;   v2 = iconst.i32 1
;;   jump block6(v2)
;; block2:
;;   v3 = iconst.i32 2
;;   jump block6(v3)
;; block6(v4: i32):
;;   return v4
;; }
;; short_circuit:
;; function "function[1]" sym1 wasm(i64, i32, i32) -> i32 {
;; block0(v0: i64, v1: i32, v2: i32):
;;   brif v1, block1, block2
;; block1:
;;   v3 = iconst.i32 0
;;   v4 = icmp.i32 ne v2, v3
;;   jump block3(v4)
;; block2:
;;   v5 = iconst.i32 0
;;   jump block3(v5)
;; block3(v6: i32):
;;   brif v6, block4, block5
;; block4:
;;   v7 = iconst.i32 10
;;   jump block6(v7)
;; block5:
;;   v8 = iconst.i32 20
;;   jump block6(v8)
;; block6(v9: i32):
;;   return v9
;; }
