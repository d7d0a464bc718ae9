;;! target = "x86_64"
;;! show = "asm"
;; What lives across a call is kept in a callee-saved register or stored once.
(module (import "env" "g" (func $g (param i32) (result i32)))
  (func (export "f") (param i32 f64) (result f64)
    (f64.add (local.get 1)
      (f64.convert_i32_s (i32.add (call $g (local.get 0)) (local.get 0))))))
;; f:
;;   push rbp
;;   mov rbp, rsp
;;   push r15
;;   push rbx
;;   mov r11, qword ptr [r15]
;;   cmp rsp, qword ptr [r11]
;;   jb L0
;;   sub rsp, 0x10
;;   vmovsd qword ptr [rbp - 0x18], xmm0
;;   mov rbx, rdi
;;   mov rax, qword ptr [r15 + 0x38]
;;   mov rdi, rbx
;;   mov r10, r15
;;   mov r15, rax
;;   call qword ptr [r10 + 0x30]
;;   mov r15, qword ptr [rbp - 8]
;;   add eax, ebx
;;   vxorps xmm0, xmm0, xmm0
;;   vcvtsi2sd xmm0, xmm0, eax
;;   vmovsd xmm1, qword ptr [rbp - 0x18]
;;   vaddsd xmm0, xmm1, xmm0
;;   add rsp, 0x10
;;   pop rbx
;;   pop r15
;;   pop rbp
;;   ret
;; L0:
;;   ud2                                      ; trap: StackOverflow
