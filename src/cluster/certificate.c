#include "cluster/certificate.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"

enum { DAYS = 3650, SERIAL_BYTES = 16, PEM_MAX = 64 * 1024 };

static bool set_serial(X509 *certificate)
{
    unsigned char bytes[SERIAL_BYTES];
    BIGNUM *number = NULL;
    bool good;

    good = RAND_bytes(bytes, sizeof(bytes)) == 1;
    bytes[0] &= 0x7f; /* a serial number is positive */
    good = good && (number = BN_bin2bn(bytes, sizeof(bytes), NULL)) &&
           BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return good;
}

static bool set_name(X509 *certificate, const char *address)
{
    X509_NAME *name = X509_get_subject_name(certificate);

    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)address, -1,
                                      -1, 0) &&
           X509_set_issuer_name(certificate, name);
}

static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;
    bool good;

    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    good = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return good;
}

/* NULL when OpenSSL cannot. */
static X509 *self_signed(EVP_PKEY *key, const char *address)
{
    X509 *certificate = X509_new();
    char names[80];

    if (certificate && str_printf(names, sizeof(names), "IP:%s", address) == 0 &&
        X509_set_version(certificate, 2) && set_serial(certificate) &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), 0) &&
        X509_time_adj_ex(X509_getm_notAfter(certificate), DAYS, 0, NULL) &&
        set_name(certificate, address) && add_extension(certificate, NID_subject_alt_name, names) &&
        add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
        X509_set_pubkey(certificate, key) && X509_sign(certificate, key, EVP_sha256()))
        return certificate;
    X509_free(certificate);
    return NULL;
}

/* Key and certificate as one PEM text. */
static int write_pem(const char *path, EVP_PKEY *key, X509 *certificate, struct err *err)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len;
    int res;

    if (!memory || !PEM_write_bio_PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL) ||
        !PEM_write_bio_X509(memory, certificate)) {
        res = err_set(err, -EIO, "OpenSSL did not write a certificate for %s", path);
    } else {
        len = BIO_get_mem_data(memory, &text);
        res = file_create(path, text, (size_t)len, 0600, err);
        explicit_bzero(text, (size_t)len);
    }
    BIO_free(memory);
    /* There already, perhaps since a moment ago: that one counts. */
    return res == -EEXIST ? 0 : res;
}

int certificate_make(const char *path, const char *address, struct err *err)
{
    X509 *certificate = NULL;
    EVP_PKEY *key;
    int res;

    if (access(path, F_OK) == 0)
        return 0;
    key = EVP_EC_gen("P-256");
    if (key)
        certificate = self_signed(key, address);
    if (certificate)
        res = write_pem(path, key, certificate, err);
    else
        res = err_set(err, -EIO, "OpenSSL did not make a certificate for %s", address);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return res;
}

/* The whole file in memory, for OpenSSL to read from; `text` is the caller's to free. */
static int open_pem(const char *path, struct buf *text, BIO **out, struct err *err)
{
    int res = file_read(path, text, err);

    if (res)
        return res;
    *out = BIO_new_mem_buf(text->data, (int)text->len);
    return *out ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static int read_certificate(const char *path, X509 **out, struct err *err)
{
    BIO *memory = NULL;
    struct buf text;
    int res;

    buf_init(&text, PEM_MAX);
    res = open_pem(path, &text, &memory, err);
    if (!res)
        *out = PEM_read_bio_X509(memory, NULL, NULL, NULL);
    if (!res && !*out)
        res = err_set(err, -EINVAL, "%s holds no certificate in PEM", path);
    BIO_free(memory);
    buf_free(&text);
    return res;
}

/* Without this OpenSSL would ask for a password at the terminal. */
static int no_password(char *text, int size, int writing, void *context)
{
    (void)text;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static int read_key(const char *path, EVP_PKEY **out, struct err *err)
{
    BIO *memory = NULL;
    struct buf text;
    int res;

    buf_init(&text, PEM_MAX);
    res = open_pem(path, &text, &memory, err);
    if (!res)
        *out = PEM_read_bio_PrivateKey(memory, NULL, no_password, NULL);
    if (!res && !*out)
        res = err_set(err, -EINVAL, "%s holds no private key in PEM without a password", path);
    BIO_free(memory);
    if (text.cap)
        explicit_bzero(text.data, text.cap);
    buf_free(&text);
    return res;
}

int certificate_check(const char *certificate, const char *key, struct err *err)
{
    X509 *public_part = NULL;
    EVP_PKEY *private_part = NULL;
    int res;

    res = read_certificate(certificate, &public_part, err);
    if (!res)
        res = read_key(key, &private_part, err);
    if (!res && X509_check_private_key(public_part, private_part) != 1)
        res = err_set(err, -EINVAL, "%s is not the private key of the certificate in %s", key,
                      certificate);
    X509_free(public_part);
    EVP_PKEY_free(private_part);
    return res;
}
