#include "messages/object_memory.hpp"

#include <new>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#include <dlfcn.h>
#endif

namespace kabuki {

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)

namespace {

struct CLibrary {
  using Malloc = void* (*)(size_t);
  using Free = void (*)(void*);
  CLibrary() {
    // Not by the name alone: that is whose allocator was linked.
    void* library = ::dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    if (!library) return;
    allocate = reinterpret_cast<Malloc>(::dlsym(library, "malloc"));
    release = reinterpret_cast<Free>(::dlsym(library, "free"));
  }
  Malloc allocate = nullptr;
  Free release = nullptr;
  bool found() const { return allocate && release; }
};

const CLibrary& c_library() {
  static const CLibrary found;
  return found;
}

}  // namespace

void* allocate_object(size_t bytes) {
  const CLibrary& library = c_library();
  if (!library.found()) return ::operator new(bytes);
  void* memory = library.allocate(bytes);
  if (!memory) throw std::bad_alloc();
  return memory;
}

void free_object(void* memory) {
  const CLibrary& library = c_library();
  library.found() ? library.release(memory) : ::operator delete(memory);
}

#else

void* allocate_object(size_t bytes) { return ::operator new(bytes); }
void free_object(void* memory) { ::operator delete(memory); }

#endif

}  // namespace kabuki
