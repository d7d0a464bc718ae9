;;! target = "x86_64"
;;! show = "asm"
;; The counter itself is the result, so it and its successor would both live at the branch: the addition happens on the
;; way back, in place.
(module (memory 1)
  (func (export "length") (param i32) (result i32) (local i32 i32)
    (loop $more
      (local.set 2 (local.get 1))
      (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (br_if $more (i32.load8_u (i32.add (local.get 0) (local.get 2)))))
    (local.get 2)))
;; length:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   xor ecx, ecx
;;   nop word ptr [rax + rax]
;; L0:
;;   lea edx, [rdi + rcx]
;;   cmp byte ptr [rdx + rax], 0              ; trap: MemoryOutOfBounds
;;   je L1
;;   add ecx, 1
;;   jmp L0
;; L1:
;;   mov rax, rcx
;;   pop rbp
;;   ret
