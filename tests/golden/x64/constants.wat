;;! target = "x86_64"
;;! show = "asm"
;; The shortest form of each constant; a zero is a xor.
(module
  (func (export "zero") (result i32) (i32.const 0))
  (func (export "small") (result i64) (i64.const 7))
  (func (export "negative") (result i64) (i64.const -2))
  (func (export "u32") (result i64) (i64.const 0xdeadbeef))
  (func (export "wide") (result i64) (i64.const 0x123456789abcdef0))
  (func (export "float_zero") (result f64) (f64.const 0))
  (func (export "float") (result f64) (f64.const 1.5))
  (func (export "single") (result f32) (f32.const -1)))
;; zero:
;;   push rbp
;;   mov rbp, rsp
;;   xor eax, eax
;;   pop rbp
;;   ret
;; small:
;;   push rbp
;;   mov rbp, rsp
;;   mov eax, 7
;;   pop rbp
;;   ret
;; negative:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, -2
;;   pop rbp
;;   ret
;; u32:
;;   push rbp
;;   mov rbp, rsp
;;   mov eax, 0xdeadbeef
;;   pop rbp
;;   ret
;; wide:
;;   push rbp
;;   mov rbp, rsp
;;   movabs rax, 0x123456789abcdef0
;;   pop rbp
;;   ret
;; float_zero:
;;   push rbp
;;   mov rbp, rsp
;;   vxorps xmm0, xmm0, xmm0
;;   pop rbp
;;   ret
;; float:
;;   push rbp
;;   mov rbp, rsp
;;   vmovsd xmm0, qword ptr [const 0x3ff8000000000000]
;;   pop rbp
;;   ret
;; single:
;;   push rbp
;;   mov rbp, rsp
;;   vmovss xmm0, dword ptr [const 0xbf800000]
;;   pop rbp
;;   ret
