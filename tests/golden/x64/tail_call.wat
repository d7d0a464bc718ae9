;;! target = "x86_64"
;;! show = "asm"
;; A tail call is a jump; its arguments on the stack replace the caller's.
(module
  (func $many (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (return_call $many (local.get 7) (local.get 0) (local.get 1) (local.get 2)
                       (local.get 3) (local.get 4) (local.get 5) (local.get 6)))
  (func $count (param i32 i64) (result i64)
    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call $count (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 1) (i64.const 2)))))
;; many:
;;   push rbp
;;   mov rbp, rsp
;;   sub rsp, 0x10
;;   mov eax, dword ptr [rbp + 0x10]
;;   mov r10d, dword ptr [rbp + 0x18]
;;   mov dword ptr [rsp], r9d
;;   mov dword ptr [rsp + 8], eax
;;   mov r9, r8
;;   mov r8, rcx
;;   mov rcx, rdx
;;   mov rdx, rsi
;;   mov rsi, rdi
;;   mov rdi, r10
;;   mov r11, qword ptr [rbp + 8]
;;   push qword ptr [rbp]
;;   vmovups xmm15, xmmword ptr [rsp + 8]
;;   vmovups xmmword ptr [rbp + 0x10], xmm15
;;   mov qword ptr [rbp + 8], r11
;;   pop r11
;;   lea rsp, [rbp + 8]
;;   mov rbp, r11
;;   jmp many
;; count:
;;   push rbp
;;   mov rbp, rsp
;;   test edi, edi
;;   jne L0
;;   mov rax, rsi
;;   pop rbp
;;   ret
;; L0:
;;   add edi, -1
;;   add rsi, 2
;;   pop rbp
;;   jmp count
