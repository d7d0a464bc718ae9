;;! target = "x86_64"
;;! show = "asm"
;;! signals_based_traps = "false"
;; Without signals every access is checked and division by zero is a branch.
(module (memory 1)
  (func (export "load") (param i32) (result i32) (i32.load offset=8 (local.get 0)))
  (func (export "div") (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1))))
;; load:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x30]
;;   add rax, -0xc
;;   cmp rdi, rax
;;   ja L0
;;   mov rcx, rdi
;;   add rcx, qword ptr [r15 + 0x28]
;;   add rcx, 8
;;   xor edx, edx
;;   cmp rdi, rax
;;   cmova rcx, rdx
;;   mov eax, dword ptr [rcx]                 ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; L0:
;;   mov rax, qword ptr [r15 + 8]
;;   call qword ptr [rax + 0x68]
;;   ud2                                      ; trap: MemoryOutOfBounds
;; div:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, rdi
;;   test esi, esi
;;   je L0
;;   xor edx, edx
;;   div esi
;;   pop rbp
;;   ret
;; L0:
;;   mov rax, qword ptr [r15 + 8]
;;   call qword ptr [rax + 0x68]
;;   ud2                                      ; trap: IntegerDivisionByZero
