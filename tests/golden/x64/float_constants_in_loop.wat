;;! target = "x86_64"
;;! show = "asm"
;; A float constant that a loop uses is a memory operand or in a register, not loaded by an instruction each time.
(module (func (export "f") (param f64 i32) (result f64)
  (loop
    (local.set 0 (f64.add (f64.mul (local.get 0) (f64.const 1.5)) (f64.const 0.25)))
    (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
  (local.get 0)))
;; f:
;;   push rbp
;;   mov rbp, rsp
;;   nop word ptr [rax + rax]
;;   nop dword ptr [rax]
;; L0:
;;   vmulsd xmm0, xmm0, qword ptr [const 0x3ff8000000000000]
;;   vaddsd xmm0, xmm0, qword ptr [const 0x3fd0000000000000]
;;   add edi, -1
;;   jne L0
;;   pop rbp
;;   ret
