;;! target = "x86_64"
;;! show = "asm"
;; A 64-bit address is compared with the size, and a sum with its offset may not wrap. Behind a mispredicted check the
;; address is 0.
(module (memory i64 1)
  (func (export "load") (param i64) (result i32) (i32.load (local.get 0)))
  (func (export "offset") (param i64) (result i32) (i32.load offset=0x1000 (local.get 0)))
  (func (export "huge") (param i64) (result i32) (i32.load offset=0xfffffffffffffff0 (local.get 0)))
  (func (export "twice") (param i64) (result i32)
    (i32.add (i32.load (local.get 0)) (i32.load offset=4 (local.get 0)))))
;; load:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x30]
;;   add rax, -4
;;   cmp rdi, rax
;;   ja L0
;;   mov rcx, rdi
;;   add rcx, qword ptr [r15 + 0x28]
;;   xor edx, edx
;;   cmp rdi, rax
;;   cmova rcx, rdx
;;   mov eax, dword ptr [rcx]                 ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; L0:
;;   ud2                                      ; trap: MemoryOutOfBounds
;; offset:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x30]
;;   add rax, -0x1004
;;   cmp rdi, rax
;;   ja L0
;;   mov rcx, rdi
;;   add rcx, qword ptr [r15 + 0x28]
;;   add rcx, 0x1000
;;   xor edx, edx
;;   cmp rdi, rax
;;   cmova rcx, rdx
;;   mov eax, dword ptr [rcx]                 ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; L0:
;;   ud2                                      ; trap: MemoryOutOfBounds
;; huge:
;;   push rbp
;;   mov rbp, rsp
;;   lea rax, [rdi - 0xc]
;;   xor ecx, ecx
;;   cmp rax, qword ptr [r15 + 0x30]
;;   seta cl
;;   xor edx, edx
;;   cmp rdi, rax
;;   seta dl
;;   or ecx, edx
;;   jne L0
;;   add rdi, qword ptr [r15 + 0x28]
;;   add rdi, -0x10
;;   xor eax, eax
;;   test ecx, ecx
;;   cmovne rdi, rax
;;   mov eax, dword ptr [rdi]                 ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; L0:
;;   ud2                                      ; trap: MemoryOutOfBounds
;; twice:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x30]
;;   lea rcx, [rax - 4]
;;   cmp rdi, rcx
;;   ja L0
;;   mov rdx, qword ptr [r15 + 0x28]
;;   lea rsi, [rdi + rdx]
;;   xor r8d, r8d
;;   cmp rdi, rcx
;;   cmova rsi, r8
;;   mov ecx, dword ptr [rsi]                 ; trap: MemoryOutOfBounds
;;   add rax, -8
;;   cmp rdi, rax
;;   ja L1
;;   lea rdx, [rdi + rdx + 4]
;;   xor esi, esi
;;   cmp rdi, rax
;;   cmova rdx, rsi
;;   add ecx, dword ptr [rdx]                 ; trap: MemoryOutOfBounds
;;   mov rax, rcx
;;   pop rbp
;;   ret
;; L0:
;;   ud2                                      ; trap: MemoryOutOfBounds
;; L1:
;;   ud2                                      ; trap: MemoryOutOfBounds
