;;! target = "x86_64"
;;! show = "asm"
;; No division is left, and no check.
(module
  (func (export "by_ten") (param i32) (result i32) (i32.div_u (local.get 0) (i32.const 10)))
  (func (export "by_seven") (param i32) (result i32) (i32.div_s (local.get 0) (i32.const 7)))
  (func (export "by_eight") (param i32) (result i32) (i32.div_s (local.get 0) (i32.const 8)))
  (func (export "rem_eight") (param i32) (result i32) (i32.rem_u (local.get 0) (i32.const 8)))
  (func (export "rem_ten") (param i64) (result i64) (i64.rem_u (local.get 0) (i64.const 10))))
;; by_ten:
;;   push rbp
;;   mov rbp, rsp
;;   mov eax, 0xcccccccd
;;   imul rdi, rax
;;   shr rdi, 0x23
;;   mov eax, edi
;;   pop rbp
;;   ret
;; by_seven:
;;   push rbp
;;   mov rbp, rsp
;;   movsxd rax, edi
;;   mov ecx, 0x92492493
;;   imul rax, rcx
;;   sar rax, 0x22
;;   shr edi, 0x1f
;;   add eax, edi
;;   pop rbp
;;   ret
;; by_eight:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, rdi
;;   sar eax, 0x1f
;;   shr eax, 0x1d
;;   add eax, edi
;;   sar eax, 3
;;   pop rbp
;;   ret
;; rem_eight:
;;   push rbp
;;   mov rbp, rsp
;;   and edi, 7
;;   mov rax, rdi
;;   pop rbp
;;   ret
;; rem_ten:
;;   push rbp
;;   mov rbp, rsp
;;   movabs rcx, 0xcccccccccccccccd
;;   mov rax, rdi
;;   mul rcx
;;   shr rdx, 3
;;   imul rax, rdx, 0xa
;;   sub rdi, rax
;;   mov rax, rdi
;;   pop rbp
;;   ret
