/*
 * module-code.node: the machine code of WebAssembly modules as bytes, which V8's C++ interface has and its JavaScript
 * one lacks. V8 checks that code comes from the same V8, with the same flags and for such a processor; it does not check
 * what the code does.
 */
#include <node.h>
#include <node_buffer.h>
#include <v8-wasm.h>

#include <cstring>
#include <memory>

using namespace v8;

namespace {

MemorySpan<const uint8_t> bytesOf(Local<Value> value) {
  Local<Uint8Array> array = value.As<Uint8Array>();
  return {static_cast<const uint8_t *>(array->Buffer()->Data()) + array->ByteOffset(), array->ByteLength()};
}

/* codeOf(module): a Buffer. Of functions that TurboFan has not compiled there is nothing in it. */
void codeOf(const FunctionCallbackInfo<Value> &info) {
  OwnedBuffer code = info[0].As<WasmModuleObject>()->GetCompiledModule().Serialize();
  const char *bytes = reinterpret_cast<const char *>(code.buffer.get());
  Local<Object> buffer;
  if (node::Buffer::Copy(info.GetIsolate(), bytes, code.size).ToLocal(&buffer)) info.GetReturnValue().Set(buffer);
}

/* moduleOf(bytes, code): the module with these bytes; undefined if V8 does not take the code. */
void moduleOf(const FunctionCallbackInfo<Value> &info) {
  MemorySpan<const uint8_t> bytes = bytesOf(info[0]), code = bytesOf(info[1]);
  WasmModuleCompilation compilation;
  compilation.SetHasCompiledModuleBytes();
  compilation.OnBytesReceived(bytes.data(), bytes.size());
  bool isTaken = false;
  Local<Value> module;
  /* Both are called before Finish returns, unless the code is not taken: then V8 compiles, later, and nobody waits. */
  auto isOver = std::make_shared<bool>(false);
  compilation.Finish(
      info.GetIsolate(),
      [&](WasmStreaming::ModuleCachingInterface &cache) { isTaken = cache.SetCachedCompiledModuleBytes(code); },
      [isOver, &module](std::variant<Local<WasmModuleObject>, Local<Value>> result) {
        if (!*isOver && result.index() == 0) module = std::get<0>(result);
      });
  *isOver = true;
  if (isTaken && !module.IsEmpty()) info.GetReturnValue().Set(module);
}

/* checksum(bytes): 32 bits, of FNV-1a over the 64-bit words. */
void checksum(const FunctionCallbackInfo<Value> &info) {
  MemorySpan<const uint8_t> bytes = bytesOf(info[0]);
  uint64_t sum = 0xcbf29ce484222325, word;
  for (size_t at = 0; at + sizeof word <= bytes.size(); at += sizeof word) {
    memcpy(&word, bytes.data() + at, sizeof word);
    sum = (sum ^ word) * 0x100000001b3;
    /* A factor this small spreads only upwards. */
    sum ^= sum >> 32;
  }
  info.GetReturnValue().Set(static_cast<uint32_t>(sum));
}

}  // namespace

NODE_MODULE_INIT() {
  NODE_SET_METHOD(exports, "codeOf", codeOf);
  NODE_SET_METHOD(exports, "moduleOf", moduleOf);
  NODE_SET_METHOD(exports, "checksum", checksum);
}
