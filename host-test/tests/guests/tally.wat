;; A filter written by hand: it counts the exchanges that end, marks requests, and traps or loops on demand.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_define_metric" (func $define_metric (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $increment_metric (param i32 i64) (result i32)))
  (import "env" "proxy_add_header_map_value" (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $set_tick (param i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes" (func $get_buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_http_call"
    (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 1 4)
  (global $free (mut i32) (i32.const 4096))
  (data (i32.const 100) "exchanges")
  (data (i32.const 120) "x-tally")
  (data (i32.const 130) "seen")
  (data (i32.const 140) "x-trap")
  (data (i32.const 150) "x-loop")
  (data (i32.const 160) "x-pause")
  (data (i32.const 170) "tick")
  (data (i32.const 180) "x-pointer")
  ;; 200: the id of the counter; 204, 208: where the host answers pointer and size.

  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param $size i32) (result i32)
    (local $pointer i32)
    (local.set $pointer (global.get $free))
    (global.set $free (i32.add (global.get $free) (local.get $size)))
    (local.get $pointer))

  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $define_metric (i32.const 0) (i32.const 100) (i32.const 9) (i32.const 200)))
    (drop (call $set_tick (i32.const 1000)))
    ;; An empty configuration is accepted, every other one refused.
    (i32.eqz (local.get 1)))

  (func (export "proxy_on_tick") (param i32)
    (drop (call $log (i32.const 2) (i32.const 170) (i32.const 4))))

  (func $has (param $name i32) (param $size i32) (result i32)
    (i32.eqz (call $get_header
      (i32.const 0) (local.get $name) (local.get $size) (i32.const 204) (i32.const 208))))

  (func $endless_loop (loop $again (br $again)))
  (func $divide_by_zero (drop (i32.div_u (i32.const 1) (i32.const 0))))

  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (if (call $has (i32.const 140) (i32.const 6)) (then (call $divide_by_zero)))
    (if (call $has (i32.const 150) (i32.const 6)) (then (call $endless_loop)))
    (if (call $has (i32.const 180) (i32.const 9))
      (then (drop (call $log (i32.const 2) (i32.const 0x7fffffff) (i32.const 16)))))
    (drop (call $add_header
      (i32.const 0) (i32.const 120) (i32.const 7) (i32.const 130) (i32.const 4)))
    (call $has (i32.const 160) (i32.const 7)))

  (func (export "proxy_on_log") (param i32)
    (drop (call $increment_metric (i32.load (i32.const 200)) (i64.const 1)))))
