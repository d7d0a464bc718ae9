;;! target = "x86_64"
;;! show = "asm"
;; The flags of a subtraction serve the comparison of its result with zero.
(module (func (export "count") (param i32) (result i32) (local i32)
  (loop
    (local.set 1 (i32.add (local.get 1) (local.get 0)))
    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
  (local.get 1)))
;; count:
;;   push rbp
;;   mov rbp, rsp
;;   xor eax, eax
;;   nop word ptr [rax + rax]
;;   nop
;; L0:
;;   add eax, edi
;;   add edi, -1
;;   jne L0
;;   pop rbp
;;   ret
