-- Notes an operator's wish that a worker be drained, or no longer.
-- KEYS  1 root
-- ARGV  1 worker  2 drain 1|0
-- -> 1 noted | 0 no such worker
local worker = load_worker(ARGV[1])
if not worker then return 0 end
worker.drain = ARGV[2] == '1'
touch(worker)
save_workers()
return 1
