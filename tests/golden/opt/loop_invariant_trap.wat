;;! target = "x86_64"
;;! show = "opt"
;; What may trap stays where it is: the loop may not be entered that far.
(module
  (func (export "f") (param i32 i32 i32) (result i32) (local i32)
    (loop
      (if (i32.gt_s (local.get 2) (i32.const 10))
        (then (local.set 3 (i32.add (local.get 3) (i32.div_u (local.get 0) (local.get 1))))))
      (br_if 0 (local.tee 2 (i32.sub (local.get 2) (i32.const 1)))))
    (local.get 3)))
;; f:
;; function "function[0]" sym0 wasm(i64, i32, i32, i32) -> i32 {
;; block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;   v4 = iconst.i32 0
;;   jump block1(v4, v3)
;; block1(v5: i32, v6: i32):
;;   v7 = iconst.i32 10
;;   v8 = icmp.i32 sgt v6, v7
;;   brif v8, block2, block5
;; block2:
;;   v9 = udiv.i32 v1, v2 trap=8
;;   v10 = iadd.i32 v5, v9
;;   jump block3(v10)
;; block5:
;;   jump block3(v5)
;; block3(v11: i32):
;;   v13 = iconst.i32 -1
;;   v14 = iadd.i32 v6, v13
;;   brif v14, block6, block4
;; block6:
;;   jump block1(v11, v14)
;; block4:
;;   return v11
;; }
