;;! target = "x86_64"
;;! show = "ir"
;; Blocks with results become block parameters; a local that a loop assigns is a parameter of its head.
(module (func (export "f") (param i32) (result i32) (local i32)
  (block (result i32)
    (loop
      (local.set 1 (i32.add (local.get 1) (local.get 0)))
      (drop (br_if 1 (local.get 1) (i32.gt_u (local.get 1) (i32.const 100))))
      (br 0))
    (unreachable))))
;; f:
;; function "function[0]" sym0 wasm(i64, i32) -> i32 {
;; block0(v0: i64, v1: i32):
;;   v2 = iconst.i32 0
;;   jump block1(v2)
;; block1(v3: i32):
;;   v4 = iadd.i32 v3, v1
;;   v5 = iconst.i32 100
;;   v6 = icmp.i32 ugt v4, v5
;;   brif v6, block3, block2
;; block2:
;;   jump block1(v4)
;; block3:
;;   return v4
;; }
