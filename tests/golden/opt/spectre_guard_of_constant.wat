;;! target = "x86_64"
;;! show = "opt"
;; A constant index is masked as any other is: the processor may guess that a growing table is larger than it is. Below
;; the declared minimum, and in a table of fixed size, there is nothing to guess.
(module (table $grows 4 funcref) (table $fixed 4 4 funcref)
  (func (export "below") (result funcref) (table.get $grows (i32.const 3)))
  (func (export "above") (result funcref) (table.get $grows (i32.const 4)))
  (func (export "fixed") (result funcref) (table.get $fixed (i32.const 3)))
  (func (export "never") (result funcref) (table.get $fixed (i32.const 4)))
  (func (export "set") (param funcref) (table.set $grows (i32.const 1000) (local.get 0))))
