# Builds the C parts with the C compiler: the program kvmload, static and small, and the library libkvmload.a.
# Included by the Makefile. SwiftPM would link the Swift runtime into the program.

LOADER = .build/kvmload
LOADER_SOURCES = Sources/kvmload/kvmload.c Sources/kvmload/include/kvmload.h
TOOL_SOURCES = $(wildcard Tools/kvmload/*.c) $(wildcard Tools/kvmload/*.h)

CC ?= cc
AR ?= ar
LOADER_FLAGS = -std=c11 -Wall -Wextra -Wpedantic -Wno-format-nonliteral -ISources/kvmload/include $(CFLAGS)

# musl makes a program of tens of kilobytes, glibc one of 0.7 MB. musl's compiler does not look where the kernel's
# headers are.
MUSL := $(shell command -v musl-gcc 2>/dev/null)
TRIPLET := $(shell $(CC) -print-multiarch 2>/dev/null)
STATIC_CC = $(if $(MUSL),$(MUSL) -idirafter /usr/include -idirafter /usr/include/$(TRIPLET),$(CC))

.PHONY: kvmload cross install install-kvmconf install-kvmload uninstall

kvmload: $(LOADER)/kvmload $(LOADER)/libkvmload.a ## build the static program kvmload and libkvmload.a, in .build/kvmload

$(LOADER)/kvmload: $(LOADER_SOURCES) $(TOOL_SOURCES)
	@mkdir -p $(LOADER)
	$(STATIC_CC) $(LOADER_FLAGS) -Os -static -s -o $@ $(filter %.c,$^)

$(LOADER)/kvmload.o: $(LOADER_SOURCES)
	@mkdir -p $(LOADER)
	$(CC) $(LOADER_FLAGS) -O2 -fPIC -c -o $@ $<

$(LOADER)/libkvmload.a: $(LOADER)/kvmload.o
	$(AR) rcs $@ $<

cross: ## compile kvmload for every architecture that there is a compiler for
	@Scripts/cross.sh

# Where things go.
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
# Where shells look for what completes a command.
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d
COMPLETIONS = $(BASHCOMPDIR)/kvmconf $(ZSHCOMPDIR)/_kvmconf $(FISHCOMPDIR)/kvmconf.fish
PAGES = $(notdir $(wildcard man/kvmconf*.1))
INSTALLED = $(BINDIR)/kvmconf $(BINDIR)/kvmload $(INCLUDEDIR)/kvmload.h $(LIBDIR)/libkvmload.a \
	$(LIBDIR)/pkgconfig/kvmload.pc $(addprefix $(MANDIR)/man1/,$(PAGES) kvmload.1) $(MANDIR)/man3/kvmload.3 $(COMPLETIONS)

install: build install-kvmload ## install programs, library, header, man pages, completions below PREFIX (and DESTDIR)
	@$(MAKE) install-kvmconf

install-kvmconf: # what needs no C compiler; $(KVMCONF) is built
	install -Dm755 $(KVMCONF) $(DESTDIR)$(BINDIR)/kvmconf
	install -d $(addprefix $(DESTDIR),$(MANDIR)/man1 $(BASHCOMPDIR) $(ZSHCOMPDIR) $(FISHCOMPDIR))
	install -m644 $(addprefix man/,$(PAGES)) $(DESTDIR)$(MANDIR)/man1
	$(KVMCONF) completions bash >$(DESTDIR)$(BASHCOMPDIR)/kvmconf
	$(KVMCONF) completions zsh >$(DESTDIR)$(ZSHCOMPDIR)/_kvmconf
	$(KVMCONF) completions fish >$(DESTDIR)$(FISHCOMPDIR)/kvmconf.fish

install-kvmload: kvmload ## install what needs no Swift: kvmload, library, header and man pages
	install -Dm755 $(LOADER)/kvmload $(DESTDIR)$(BINDIR)/kvmload
	install -Dm644 Sources/kvmload/include/kvmload.h $(DESTDIR)$(INCLUDEDIR)/kvmload.h
	install -Dm644 $(LOADER)/libkvmload.a $(DESTDIR)$(LIBDIR)/libkvmload.a
	install -Dm644 man/kvmload.1 $(DESTDIR)$(MANDIR)/man1/kvmload.1
	install -Dm644 man/kvmload.3 $(DESTDIR)$(MANDIR)/man3/kvmload.3
	sed -e 's|@libdir@|$(LIBDIR)|' -e 's|@includedir@|$(INCLUDEDIR)|' Sources/kvmload/kvmload.pc.in >$(LOADER)/kvmload.pc
	install -Dm644 $(LOADER)/kvmload.pc $(DESTDIR)$(LIBDIR)/pkgconfig/kvmload.pc

uninstall: ## remove what install installed
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))
