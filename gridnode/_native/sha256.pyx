"""SHA-256 for kernels without a Python object for each digest.

OpenSSL's functions are taken from the libcrypto that Python's own `hashlib` rests on, where it is a shared library: they use the
processor's SHA instructions. Elsewhere libsodium's, which PyNaCl always brings along. Both are found when the module is loaded,
so building needs no headers beside Python's. docs/decisions/0003-state-commitment.md has the figures.
"""

from libc.stdint cimport uint8_t, uint64_t, uintptr_t
from posix.dlfcn cimport RTLD_LOCAL, RTLD_NOW, dlopen, dlsym

from nacl import _sodium

ctypedef int (*SodiumHash)(uint8_t*, const uint8_t*, unsigned long long) noexcept nogil
ctypedef int (*Init)(void*) noexcept nogil
ctypedef int (*Update)(void*, const void*, size_t) noexcept nogil
ctypedef int (*Final)(uint8_t*, void*) noexcept nogil

cdef Init openssl_init = NULL
cdef Update openssl_update = NULL
cdef Final openssl_final = NULL
cdef SodiumHash sodium_hash = <SodiumHash><uintptr_t>int(
    _sodium.ffi.cast("uintptr_t", _sodium.ffi.addressof(_sodium.lib, "crypto_hash_sha256"))
)


cdef void sha256(const uint8_t* data, size_t size, uint8_t* digest) noexcept nogil:
    """Write the 32-byte SHA-256 of `size` bytes at `data` to `digest`."""
    cdef uint64_t context[32]  # OpenSSL's SHA256_CTX has 112 bytes
    if openssl_final != NULL:
        openssl_init(context)
        openssl_update(context, data, size)
        openssl_final(digest, context)
    else:
        sodium_hash(digest, data, size)


def sha256_of(const uint8_t[:] data not None) -> bytes:
    """32-byte SHA-256 of `data`."""
    cdef uint8_t digest[32]
    cdef const uint8_t* start = &data[0] if data.shape[0] else NULL
    sha256(start, <size_t>data.shape[0], digest)
    return digest[:32]


def use(str library) -> bool:
    """Compute with "openssl" or "libsodium" from now on; returns whether this machine has it. Digests are the same."""
    global openssl_init, openssl_update, openssl_final
    openssl_init, openssl_update, openssl_final = NULL, NULL, NULL
    if library == "libsodium":
        return True
    if library != "openssl":
        raise ValueError(f"expected openssl or libsodium, got {library!r}")
    for name in (b"libcrypto.so.3", b"libcrypto.so.1.1"):
        if find_openssl(name):
            return True
    return False


cdef bint find_openssl(const char* name):
    global openssl_init, openssl_update, openssl_final
    cdef void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL)
    if library == NULL:
        return False
    cdef void* init = dlsym(library, "SHA256_Init")
    cdef void* update = dlsym(library, "SHA256_Update")
    cdef void* final = dlsym(library, "SHA256_Final")
    if init == NULL or update == NULL or final == NULL:
        return False
    openssl_init, openssl_update, openssl_final = <Init>init, <Update>update, <Final>final
    return True


use("openssl")
