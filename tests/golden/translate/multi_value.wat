;;! target = "x86_64"
;;! show = "ir"
;; Parameters and results of blocks are parameters of IR blocks; nothing is stored.
(module (func (export "f") (param i32 i64) (result i64 i32)
  (local.get 1) (local.get 0)
  (block (param i64 i32) (result i64 i32)
    (br_if 0 (i32.eqz (local.get 0)))
    (i32.add (i32.const 1)))))
;; f:
;; function "function[0]" sym0 wasm(i64, i32, i64) -> i64, i32 {
;; block0(v0: i64, v1: i32, v2: i64):
;;   v3 = iconst.i32 0
;;   v4 = icmp.i32 eq v1, v3
;;   brif v4, block2(v1), block1
;; block1:
;;   v5 = iconst.i32 1
;;   v6 = iadd.i32 v1, v5
;;   jump block2(v6)
;; block2(v7: i32):
;;   return v2, v7
;; }
