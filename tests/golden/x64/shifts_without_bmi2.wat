;;! target = "x86_64"
;;! show = "asm"
;;! cpu = "sse4.1 sse4.2 popcnt"
;; On an older CPU a variable amount is in cl.
(module
  (func (export "shl_var") (param i32 i32) (result i32) (i32.shl (local.get 0) (local.get 1)))
  (func (export "clz") (param i32) (result i32) (i32.clz (local.get 0)))
  (func (export "ctz") (param i64) (result i64) (i64.ctz (local.get 0)))
  (func (export "add") (param f64 f64) (result f64) (f64.add (local.get 0) (local.get 1))))
;; shl_var:
;;   push rbp
;;   mov rbp, rsp
;;   mov rcx, rsi
;;   shl edi, cl
;;   mov rax, rdi
;;   pop rbp
;;   ret
;; clz:
;;   push rbp
;;   mov rbp, rsp
;;   mov eax, 0x3f
;;   bsr ecx, edi
;;   cmove ecx, eax
;;   xor ecx, 0x1f
;;   mov rax, rcx
;;   pop rbp
;;   ret
;; ctz:
;;   push rbp
;;   mov rbp, rsp
;;   mov eax, 0x40
;;   bsf rcx, rdi
;;   cmove rcx, rax
;;   mov rax, rcx
;;   pop rbp
;;   ret
;; add:
;;   push rbp
;;   mov rbp, rsp
;;   addsd xmm0, xmm1
;;   pop rbp
;;   ret
