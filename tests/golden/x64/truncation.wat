;;! target = "x86_64"
;;! show = "asm"
;; The traps of a truncation are found from the one result that the instruction has for all bad operands.
(module
  (func (export "f64_s") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
  (func (export "f32_u") (param f32) (result i64) (i64.trunc_f32_u (local.get 0)))
  (func (export "sat") (param f64) (result i32) (i32.trunc_sat_f64_s (local.get 0))))
;; f64_s:
;;   push rbp
;;   mov rbp, rsp
;;   vcvttsd2si eax, xmm0
;;   cmp eax, 1
;;   jo L1
;; L0:
;;   pop rbp
;;   ret
;; L1:
;;   vucomisd xmm0, xmm0
;;   jp L3
;;   vucomisd xmm0, qword ptr [const 0xc1e0000000200000]
;;   jbe L2
;;   vxorps xmm15, xmm15, xmm15
;;   vucomisd xmm0, xmm15
;;   jae L2
;;   jmp L0
;; L2:
;;   ud2                                      ; trap: IntegerOverflow
;; L3:
;;   ud2                                      ; trap: BadConversionToInteger
;; f32_u:
;;   push rbp
;;   mov rbp, rsp
;;   vcvttss2si rax, xmm0
;;   test rax, rax
;;   js L1
;; L0:
;;   pop rbp
;;   ret
;; L1:
;;   vmovaps xmm15, xmm0
;;   vsubss xmm15, xmm15, dword ptr [const 0x5f000000]
;;   vcvttss2si rcx, xmm15
;;   test rcx, rcx
;;   js L2
;;   mov rax, rcx
;;   bts rax, 0x3f
;;   jmp L0
;; L2:
;;   vucomiss xmm0, xmm0
;;   jp L3
;;   jmp L4
;; L3:
;;   ud2                                      ; trap: BadConversionToInteger
;; L4:
;;   ud2                                      ; trap: IntegerOverflow
;; sat:
;;   push rbp
;;   mov rbp, rsp
;;   vcvttsd2si eax, xmm0
;;   cmp eax, 1
;;   jo L1
;; L0:
;;   pop rbp
;;   ret
;; L1:
;;   vucomisd xmm0, xmm0
;;   jp L2
;;   vxorps xmm15, xmm15, xmm15
;;   vucomisd xmm0, xmm15
;;   jb L0
;;   mov eax, 0x7fffffff
;;   jmp L0
;; L2:
;;   xor eax, eax
;;   jmp L0
