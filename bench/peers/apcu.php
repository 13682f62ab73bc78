<?php
// The same by APCu: `php apcu.php get|set|increment CALLS` prints nanoseconds a call.

const KEYS = 100000;
[, $call, $calls] = $argv;
$text = str_repeat('x', 100);
for ($index = 0; $index < KEYS; $index++) {
    apcu_store("user:$index:session", $call === 'increment' ? 0 : $text);
}
$keys = [];
for ($i = 0; $i < (int) $calls; $i++) {
    $keys[] = 'user:' . mt_rand(0, KEYS - 1) . ':session';
}
$works = [
    'get' => function () use ($keys) { foreach ($keys as $key) apcu_fetch($key); },
    'set' => function () use ($keys, $text) { foreach ($keys as $key) apcu_store($key, $text); },
    'increment' => function () use ($keys) { foreach ($keys as $key) apcu_inc($key); },
];
$works[$call]();
$start = hrtime(true);
$works[$call]();
echo (hrtime(true) - $start) / count($keys), "\n";
