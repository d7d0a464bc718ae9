;;! target = "x86_64"
;;! show = "opt"
;; Two checks of one address: the size is loaded once.
(module (memory i64 1)
  (func (export "f") (param i64) (result i64)
    (i64.add (i64.load offset=8 (local.get 0)) (i64.load (local.get 0)))))
;; f:
;; function "function[0]" sym0 wasm(i64, i64) -> i64 {
;; block0(v0: i64, v1: i64):
;;   v2 = vmctx
;;   v3 = load.i64 v2+48 r4 mapped
;;   v5 = iconst.i64 -16
;;   v6 = iadd.i64 v3, v5
;;   v7 = icmp.i64 ugt v1, v6
;;   trapif v7, 2
;;   v8 = load.i64 v2+40 r4 mapped
;;   v9 = iadd.i64 v1, v8
;;   v10 = iconst.i64 8
;;   v11 = iadd.i64 v9, v10
;;   v12 = iconst.i64 0
;;   v13 = select.i64 v7, v12, v11 guard
;;   v14 = load.i64 v13 r1 trap=2
;;   v16 = iconst.i64 -8
;;   v17 = iadd.i64 v3, v16
;;   v18 = icmp.i64 ugt v1, v17
;;   trapif v18, 2
;;   v20 = iadd.i64 v1, v8
;;   v21 = select.i64 v18, v12, v20 guard
;;   v22 = load.i64 v21 r1 trap=2
;;   v23 = iadd.i64 v14, v22
;;   return v23
;; }
