/*
 * The stream under libinih. inih is small and asks for lines through a function of ours, so this
 * function counts them (inih passes no line number on) and looks at each first: inih silently
 * cuts lines at its buffer (199 octets), section names at 49 and values at " ;", takes ':' for
 * '=', and drops what stands behind ']'. Each of these is a fault here; sections are read here, in
 * full, and inih gets a stand-in, as it gets an empty line for every line that is refused.
 *
 * Left to inih: blanks, comment lines, the split into key and value, and the lines that start
 * with a blank and continue the key before, one call of the handler each.
 *
 * A file that is no UTF-8 text, or holds a NUL, is one fault and is not read. Of lines that are
 * neither section, key nor comment only the first is a fault: the wrong file has many.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/reader.h"
#include "lib/util.h"

typedef struct Reader {
        FILE *file;
        const ReaderEvents *events;
        void *userdata;
        unsigned line;
        bool in_key;   /* a key was seen in this section: a blank in front continues it */
        bool key_lost; /* its line was refused; so are those that continue it */
        bool continued;
        bool syntax_said;
} Reader;

static const char SECTION_STAND_IN[] = "[s]";

static _printf_(2, 3) void reader_fault(Reader *reader, const char *format, ...) {
        char text[400];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        reader->events->on_fault(reader->userdata, reader->line, text);
}

typedef struct Utf8 {
        unsigned left; /* continuation octets that are still to come */
        uint8_t low, high;
} Utf8;

/* RFC 3629 4: no surrogates, no overlong forms, nothing above U+10FFFF; and no NUL. */
static bool utf8_step(Utf8 *utf8, uint8_t c) {
        if (utf8->left > 0) {
                bool fits = c >= utf8->low && c <= utf8->high;
                *utf8 = (Utf8){utf8->left - 1, 0x80, 0xbf};
                return fits;
        }
        if (c < 0x80)
                return c != 0;
        if (c < 0xc2 || c > 0xf4)
                return false;
        utf8->left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        utf8->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
        utf8->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
        return true;
}

/* Looks through the whole file before any of it is taken for text. */
static bool text_check(Reader *reader) {
        size_t size = 0;
        Utf8 utf8 = {0};
        int c;

        reader->line = 1;
        while ((c = getc_unlocked(reader->file)) != EOF) {
                if (!utf8_step(&utf8, (uint8_t)c)) {
                        reader_fault(reader, "not a text file: a NUL or an octet that is no UTF-8");
                        return false;
                }
                if (++size > READER_FILE_MAX) {
                        reader_fault(reader, "the file is too large: at most %d MiB",
                                     READER_FILE_MAX / (1024 * 1024));
                        return false;
                }
                reader->line += c == '\n';
        }
        if (utf8.left > 0)
                reader_fault(reader, "not a text file: it ends within a UTF-8 character");
        return utf8.left == 0;
}

/* Reads a line, its end left out, and keeps what fits; *ret_length is the whole. False at the end
   of the file. */
static bool line_read(Reader *reader, char *buffer, size_t buffer_size, size_t *ret_length) {
        size_t length = 0;
        int c;

        while ((c = getc_unlocked(reader->file)) != EOF && c != '\n') {
                if (length < buffer_size - 1)
                        buffer[length] = (char)c;
                length++;
        }
        if (c == EOF && length == 0)
                return false;
        if (length > 0 && length < buffer_size && buffer[length - 1] == '\r')
                length--;
        buffer[length < buffer_size ? length : buffer_size - 1] = '\0';
        *ret_length = length;
        return true;
}

/* An error of form: only the first of a file is told. */
static void syntax_fault(Reader *reader, const char *text) {
        if (!reader->syntax_said)
                reader_fault(reader, "%s", text);
        reader->syntax_said = true;
}

static const char *section_fault(const char *end, size_t length) {
        if (length > READER_SECTION_MAX)
                return "a [Section] line this long: at most 1000 octets";
        if (!end)
                return "a [Section] line without its closing ]";
        if (end[1 + strspn(end + 1, " \t")] != '\0')
                return "something behind the ] of a [Section] line; a comment needs a line of its "
                       "own";
        return NULL;
}

/* Tells the section; inih needs only know that there is one. */
static const char *section_take(Reader *reader, char *start, size_t length) {
        char *end = strchr(start, ']');
        const char *fault = section_fault(end, length);

        reader->in_key = reader->key_lost = false;
        if (fault) {
                syntax_fault(reader, fault);
                reader->events->on_section(reader->userdata, reader->line, NULL);
                return SECTION_STAND_IN;
        }
        start += 1 + strspn(start + 1, " \t");
        while (end > start && isspace((unsigned char)end[-1]))
                end--;
        *end = '\0';
        reader->events->on_section(reader->userdata, reader->line, start);
        return SECTION_STAND_IN;
}

static bool has_inline_comment(const char *start) {
        for (const char *c = strchr(start, ';'); c; c = strchr(c + 1, ';'))
                if (c > start && isspace((unsigned char)c[-1]))
                        return true;
        return false;
}

/* True if a key or continuation line can go to inih as it is. */
static bool value_check(Reader *reader, const char *start, size_t length, size_t limit) {
        const char *separator = strpbrk(start, "=:");

        if (length > limit) {
                reader_fault(reader, "a line of %zu octets; at most %zu", length, limit);
                return false;
        }
        if (!reader->continued && (!separator || *separator == ':' || separator == start)) {
                syntax_fault(reader, "neither [Section], Key=value nor a comment (# or ;)");
                return false;
        }
        if (has_inline_comment(start)) {
                reader_fault(reader, "\" ;\" in a value: there are no comments behind a value; a "
                                     "comment needs a line of its own");
                return false;
        }
        return true;
}

/* Looks at a line and returns what inih gets for it. */
static const char *line_take(Reader *reader, char *line, size_t length, size_t limit) {
        char *start = line + strspn(line, " \t\r\v\f");

        if (*start == '\0' || *start == '#' || *start == ';')
                return "";
        reader->continued = start > line && (reader->in_key || reader->key_lost);
        if (*start == '[' && !reader->continued)
                return section_take(reader, start, length);
        if (reader->continued && reader->key_lost)
                return "";
        bool good = value_check(reader, start, length, limit);
        if (!reader->continued) {
                reader->in_key = good;
                reader->key_lost = !good;
        }
        return good ? line : "";
}

static size_t bom_size(const Reader *reader, const char *line) {
        return reader->line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* An ini_reader: as fgets(), but the line comes without its end. */
static char *reader_next(char *text, int size, void *userdata) {
        char line[READER_SECTION_MAX + 8];
        Reader *reader = userdata;
        size_t length, limit = (size_t)size - 1;

        if (!line_read(reader, line, sizeof(line), &length))
                return NULL;
        reader->line++;
        size_t bom = bom_size(reader, line);
        const char *taken = line_take(reader, line + bom, length - bom, limit);
        snprintf(text, (size_t)size, "%s", taken);
        return text;
}

static int reader_value(void *userdata, const char *section, const char *key, const char *value) {
        Reader *reader = userdata;

        reader->events->on_value(reader->userdata, reader->line, key, value, reader->continued);
        return 1;
}

/* Regular files only: a FIFO would stop a daemon that reloads. */
static int file_open(const char *path, FILE **ret_file) {
        struct stat status;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

        if (fd < 0)
                return -errno;
        int r = fstat(fd, &status) < 0 ? -errno : S_ISREG(status.st_mode) ? 0 : -EINVAL;
        FILE *file = r < 0 ? NULL : fdopen(fd, "re");
        if (!file) {
                r = r < 0 ? r : -errno;
                close(fd);
                return r;
        }
        *ret_file = file;
        return 0;
}

int reader_run(const char *path, const ReaderEvents *events, void *userdata) {
        _cleanup_(fclosep) FILE *file = NULL;
        Reader reader = {.events = events, .userdata = userdata};

        int r = file_open(path, &file);
        if (r < 0)
                return r;
        reader.file = file;
        if (!text_check(&reader))
                return 0;
        rewind(file);
        reader.line = 0;
        r = ini_parse_stream(reader_next, &reader, reader_value, &reader);
        if (ferror(file))
                return -EIO;
        if (r == -2)
                return -ENOMEM;
        if (r > 0) {
                reader.line = (unsigned)r;
                syntax_fault(&reader, "neither [Section], Key=value nor a comment (# or ;)");
        }
        return 0;
}
