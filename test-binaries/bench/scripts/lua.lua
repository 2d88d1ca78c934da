-- What scripts do: tables as arrays, records and dictionaries, closures, strings, methods, garbage.
local size = tonumber(arg[1]) or 105

local Account = {}
Account.__index = Account
function Account.new(name) return setmetatable({ name = name, balance = 0, log = {} }, Account) end
function Account:deposit(amount)
  self.balance = self.balance + amount
  self.log[#self.log + 1] = amount
end

local function primes(limit)
  local composite, found = {}, {}
  for i = 2, limit do
    if not composite[i] then
      found[#found + 1] = i
      for k = i * i, limit, i do composite[k] = true end
    end
  end
  return found
end

local function words(text)
  local counts = {}
  for word in text:gmatch('%a+') do counts[word] = (counts[word] or 0) + 1 end
  return counts
end

local function queens(n)
  local columns, rising, falling, count = {}, {}, {}, 0
  local function place(row)
    if row > n then
      count = count + 1
      return
    end
    for column = 1, n do
      if not (columns[column] or rising[row + column] or falling[row - column + n]) then
        columns[column], rising[row + column], falling[row - column + n] = true, true, true
        place(row + 1)
        columns[column], rising[row + column], falling[row - column + n] = false, false, false
      end
    end
  end
  place(1)
  return count
end

local sum, parts = 0, {}
for round = 1, size do
  local found = primes(20000)
  sum = sum + found[#found]
  table.sort(found, function(a, b) return a % 1000 < b % 1000 or (a % 1000 == b % 1000 and a < b) end)
  parts[#parts + 1] = string.format('%d:%s', found[round], ('key%03d '):format(round):rep(40))
  local account = Account.new('account ' .. round)
  for i = 1, 20000 do account:deposit(i % 7) end
  sum = sum + account.balance + queens(6)
end
local counts, keys = words(table.concat(parts, ',')), {}
for key in pairs(counts) do keys[#keys + 1] = key end
table.sort(keys)
print(sum, #parts, keys[1], counts.key, select('#', table.unpack(keys)))
