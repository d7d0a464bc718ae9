;;! target = "x86_64"
;;! show = "asm"
(module
  (func $swap (export "swap") (param i32 i32) (result i32 i32) (local.get 1) (local.get 0))
  (func $three (export "three") (result i32 f64 i64) (i32.const 1) (f64.const 2) (i64.const 3))
  (func (export "many") (result i32 i32 i32 i32 i32 i32)
    (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6)))
;; swap:
;;   push rbp
;;   mov rbp, rsp
;;   mov rdx, rdi
;;   mov rax, rsi
;;   pop rbp
;;   ret
;; three:
;;   push rbp
;;   mov rbp, rsp
;;   vmovsd xmm0, qword ptr [const 0x4000000000000000]
;;   mov eax, 1
;;   mov edx, 3
;;   pop rbp
;;   ret
;; many:
;;   push rbp
;;   mov rbp, rsp
;;   mov eax, 1
;;   mov edx, 2
;;   mov ecx, 3
;;   mov r8d, 4
;;   mov dword ptr [rbp + 0x10], 5
;;   mov dword ptr [rbp + 0x18], 6
;;   pop rbp
;;   ret
