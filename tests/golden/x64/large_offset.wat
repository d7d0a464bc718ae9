;;! target = "x86_64"
;;! show = "asm"
;; An offset beyond the guard is checked; one inside it is not.
(module (memory 1)
  (func (export "inside") (param i32) (result i32) (i32.load offset=0x1fffff0 (local.get 0)))
  (func (export "beyond") (param i32) (result i32) (i32.load offset=0x7ffffff0 (local.get 0)))
  (func (export "huge") (param i32) (result i32) (i32.load offset=0xfffffff0 (local.get 0))))
;; inside:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   mov eax, dword ptr [rdi + rax + 0x1fffff0] ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; beyond:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x30]
;;   lea rcx, [rdi + 0x7ffffff4]
;;   cmp rax, rcx
;;   jb L0
;;   add rdi, qword ptr [r15 + 0x28]
;;   add rdi, 0x7ffffff0
;;   xor edx, edx
;;   cmp rax, rcx
;;   cmovb rdi, rdx
;;   mov eax, dword ptr [rdi]                 ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; L0:
;;   ud2                                      ; trap: MemoryOutOfBounds
;; huge:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x30]
;;   mov ecx, 0xfffffff4
;;   add rcx, rdi
;;   cmp rax, rcx
;;   jb L0
;;   add rdi, qword ptr [r15 + 0x28]
;;   mov edx, 0xfffffff0
;;   add rdi, rdx
;;   xor edx, edx
;;   cmp rax, rcx
;;   cmovb rdi, rdx
;;   mov eax, dword ptr [rdi]                 ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; L0:
;;   ud2                                      ; trap: MemoryOutOfBounds
