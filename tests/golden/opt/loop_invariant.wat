;;! target = "x86_64"
;;! show = "opt"
;; A product that the loop does not change is computed before it; a load from a global that nobody writes, too.
(module (memory 1) (global $g (mut i32) (i32.const 3))
  (func (export "f") (param i32 i32 i32) (result i32) (local i32)
    (loop
      (local.set 3 (i32.add (local.get 3) (i32.mul (i32.mul (local.get 0) (local.get 1)) (global.get $g))))
      (br_if 0 (local.tee 2 (i32.sub (local.get 2) (i32.const 1)))))
    (local.get 3)))
;; f:
;; function "function[0]" sym0 wasm(i64, i32, i32, i32) -> i32 {
;; block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;   v4 = iconst.i32 0
;;   v7 = imul.i32 v1, v2
;;   v8 = vmctx
;;   v9 = load.i32 v8+64 r3 mapped
;;   v10 = imul.i32 v7, v9
;;   jump block1(v4, v3)
;; block1(v5: i32, v6: i32):
;;   v11 = iadd.i32 v5, v10
;;   v13 = iconst.i32 -1
;;   v14 = iadd.i32 v6, v13
;;   brif v14, block3, block2
;; block3:
;;   jump block1(v11, v14)
;; block2:
;;   return v11
;; }
