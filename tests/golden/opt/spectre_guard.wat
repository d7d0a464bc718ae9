;;! target = "x86_64"
;;! show = "opt"
;; The select behind a bounds check stays, though the check says how it ends: the processor may have guessed that.
(module (table 10 funcref) (type $t (func)) (elem (i32.const 0) $f) (func $f)
  (func (export "twice") (param i32)
    (call_indirect (type $t) (local.get 0))
    (call_indirect (type $t) (local.get 0))))
;; f:
;; function "function[0]" sym0 wasm(i64) {
;; block0(v0: i64):
;;   return
;; }
;; twice:
;; function "function[1]" sym1 wasm(i64, i32) {
;;   sig0 = wasm(i64)
;; block0(v0: i64, v1: i32):
;;   v2 = vmctx
;;   v3 = load.i64 v2+48 r4 mapped
;;   v4 = uextend.i64 v1
;;   v5 = icmp.i64 ule v3, v4
;;   trapif v5, 4
;;   v6 = iconst.i64 0
;;   v7 = select.i64 v5, v6, v4 guard
;;   v8 = load.i64 v2+40 r4 mapped
;;   v9 = iconst.i64 3
;;   v10 = shl.i64 v7, v9
;;   v11 = iadd.i64 v8, v10
;;   v12 = load.i64 v11 r2 trap=4
;;   v13 = load.i32 v12+24 r5 trap=5
;;   v14 = load.i64 v2+24 r5 readonly mapped
;;   v15 = load.i32 v14 r5 readonly mapped
;;   v16 = icmp.i32 ne v13, v15
;;   trapif v16, 6
;;   v17 = load.i64 v12 r5 trap=5
;;   v18 = load.i64 v12+8 r5 trap=5
;;   call_indirect sig0 v17(v18)
;;   v19 = load.i64 v2+48 r4 mapped
;;   v20 = icmp.i64 uge v4, v19
;;   trapif v20, 4
;;   v21 = select.i64 v20, v6, v4 guard
;;   v22 = load.i64 v2+40 r4 mapped
;;   v23 = shl.i64 v21, v9
;;   v24 = iadd.i64 v22, v23
;;   v25 = load.i64 v24 r2 trap=4
;;   v26 = load.i32 v25+24 r5 trap=5
;;   v27 = icmp.i32 ne v15, v26
;;   trapif v27, 6
;;   v28 = load.i64 v25 r5 trap=5
;;   v29 = load.i64 v25+8 r5 trap=5
;;   call_indirect sig0 v28(v29)
;;   return
;; }
