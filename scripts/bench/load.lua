-- One kind of request for wrk. Arguments after `--`: a file that holds the method, the content type, the key, the body
-- and then one path a line; "once" to stop after the last path or "round" to begin again; the most requests, or 0.
-- The last line printed is the outcome as JSON.
-- There is no response(): wrk would then hand each answer to Lua, and the client would be the slower side.

local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds; long nanos; } moment; int clock_gettime(int clock, moment *now);")

local requests, count, made, last = {}, 0, 0, math.huge
local threads = {}

local function seconds()
  local now = ffi.new("moment")
  ffi.C.clock_gettime(1, now)
  return tonumber(now.seconds) + tonumber(now.nanos) / 1e9
end

function setup(thread) threads[#threads + 1] = thread end

function init(args)
  local lines = {}
  for line in io.lines(args[1]) do lines[#lines + 1] = line end
  local headers = {}
  if lines[2] ~= "" then headers["Content-Type"] = lines[2] end
  if lines[3] ~= "" then headers["Authorization"] = "Bearer " .. lines[3] end
  local body = lines[4] ~= "" and lines[4] or nil
  for index = 5, #lines do
    count = count + 1
    requests[count] = wrk.format(lines[1], lines[index], headers, body)
  end
  if args[2] == "once" then last = count end
  local most = tonumber(args[3])
  if most > 0 then last = math.min(last, most) end
end

function request()
  made = made + 1
  -- The first call is wrk's own look at what is sent.
  if made == 2 then began = seconds() end
  if made > last and took == nil then
    took = seconds() - began
    wrk.thread:stop()
  end
  return requests[(made - 1) % count + 1]
end

function done(summary, latency)
  local errors = summary.errors
  -- wrk counts the whole duration, also for a thread that has stopped before.
  local time = threads[1]:get("took") or summary.duration / 1e6
  print(string.format(
    '{"requests":%d,"seconds":%.6f,"refused":%d,"broken":%d,"p50_ms":%.3f,"p99_ms":%.3f}',
    summary.requests, time, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
