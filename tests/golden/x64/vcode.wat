;;! target = "x86_64"
;;! show = "vcode"
;; Machine code before registers are chosen.
(module (memory 1) (func (export "f") (param i32 i32) (result i32)
  (if (result i32) (i32.lt_s (local.get 0) (local.get 1))
    (then (i32.load offset=4 (local.get 0)))
    (else (i32.mul (local.get 1) (i32.const 5))))))
;; f:
;; vcode "function[0]" {
;; block0:
;;     args !%5:rdi, !%2:rsi
;;     cmp.4 %5, %2?
;;     jcc l -> block1 block2
;; block1:
;;     mov.8 !%4, [ctx + 40]
;;     mov.4 !%3, [%5 + %4 + 4] trap=2
;;     jmp -> block3(%3)
;; block2:
;;     lea.4 !%1, [%2 + %2*4]
;;     jmp -> block3(%1)
;; block3(%0):
;;     ret %0:rax
;; }
