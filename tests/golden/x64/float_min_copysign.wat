;;! target = "x86_64"
;;! show = "asm"
;; min and max keep the specification's NaNs and signed zeros; signs are bit operations with a constant.
(module
  (func (export "min") (param f64 f64) (result f64) (f64.min (local.get 0) (local.get 1)))
  (func (export "copysign") (param f32 f32) (result f32) (f32.copysign (local.get 0) (local.get 1)))
  (func (export "neg") (param f64) (result f64) (f64.neg (local.get 0)))
  (func (export "floor") (param f64) (result f64) (f64.floor (local.get 0)))
  (func (export "less") (param f64 f64) (result i32) (f64.lt (local.get 0) (local.get 1)))
  (func (export "equal") (param f64 f64) (result i32) (f64.eq (local.get 0) (local.get 1))))
;; min:
;;   push rbp
;;   mov rbp, rsp
;;   vucomisd xmm0, xmm1
;;   jne L1
;;   jp L0
;;   vorps xmm0, xmm0, xmm1
;;   jmp L2
;; L0:
;;   vaddsd xmm0, xmm0, xmm1
;;   jmp L2
;; L1:
;;   vminsd xmm0, xmm0, xmm1
;; L2:
;;   pop rbp
;;   ret
;; copysign:
;;   push rbp
;;   mov rbp, rsp
;;   vandps xmm1, xmm1, xmmword ptr [const 0x0:0x80000000]
;;   vandps xmm0, xmm0, xmmword ptr [const 0x0:0x7fffffff]
;;   vorps xmm0, xmm0, xmm1
;;   pop rbp
;;   ret
;; neg:
;;   push rbp
;;   mov rbp, rsp
;;   vxorps xmm0, xmm0, xmmword ptr [const 0x0:0x8000000000000000]
;;   pop rbp
;;   ret
;; floor:
;;   push rbp
;;   mov rbp, rsp
;;   vroundsd xmm0, xmm0, xmm0, 9
;;   pop rbp
;;   ret
;; less:
;;   push rbp
;;   mov rbp, rsp
;;   xor eax, eax
;;   vucomisd xmm1, xmm0
;;   seta al
;;   pop rbp
;;   ret
;; equal:
;;   push rbp
;;   mov rbp, rsp
;;   xor eax, eax
;;   xor ecx, ecx
;;   vucomisd xmm0, xmm1
;;   setnp al
;;   sete cl
;;   and ecx, eax
;;   mov rax, rcx
;;   pop rbp
;;   ret
