;;! target = "x86_64"
;;! show = "asm"
;; What comes from outside of the loop is needed the next time round: the other operand is overwritten.
(module
  (func (export "f") (param i32 i32) (result i32) (local i32)
    (loop $more
      (local.set 2 (i32.add (local.get 0) (local.get 2)))
      (br_if $more (i32.lt_u (local.get 2) (local.get 1))))
    (local.get 2)))
;; f:
;;   push rbp
;;   mov rbp, rsp
;;   xor eax, eax
;;   nop word ptr [rax + rax]
;;   nop
;; L0:
;;   add eax, edi
;;   cmp esi, eax
;;   ja L0
;;   pop rbp
;;   ret
