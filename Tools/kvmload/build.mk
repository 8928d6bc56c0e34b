# Builds the C parts with the C compiler: the program kvmload, static and small, and the library libkvmload.a.
# Included by the Makefile. SwiftPM would link the Swift runtime into the program.

LOADER = .build/kvmload
LOADER_SOURCES = Sources/kvmload/kvmload.c Sources/kvmload/include/kvmload.h
TOOL_SOURCES = $(wildcard Tools/kvmload/*.c) $(wildcard Tools/kvmload/*.h)

CC ?= cc
AR ?= ar
LOADER_FLAGS = -std=c11 -Wall -Wextra -Wpedantic -Wno-format-nonliteral -ISources/kvmload/include $(CFLAGS)

# With musl the program has tens of kilobytes, with glibc 0.7 MB. musl-gcc does not search the folders of the kernel's
# headers.
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

cross: ## compile kvmload for every architecture with an installed compiler
	@Scripts/cross.sh

# Installation folders.
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
# The folders in which shells look for completions.
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d
COMPLETIONS = $(BASHCOMPDIR)/kvmconf $(ZSHCOMPDIR)/_kvmconf $(FISHCOMPDIR)/kvmconf.fish
PAGES = $(notdir $(wildcard man/kvmconf*.1))
INSTALLED = $(BINDIR)/kvmconf $(BINDIR)/kvmload $(INCLUDEDIR)/kvmload.h $(LIBDIR)/libkvmload.a \
	$(LIBDIR)/pkgconfig/kvmload.pc $(addprefix $(MANDIR)/man1/,$(PAGES) kvmload.1) $(MANDIR)/man3/kvmload.3 $(COMPLETIONS)

install: build install-kvmload ## install programs, library, header, man pages, completions below PREFIX (and DESTDIR)
	@$(MAKE) install-kvmconf

install-kvmconf: # the part that needs no C compiler; $(KVMCONF) must exist
	install -Dm755 $(KVMCONF) $(DESTDIR)$(BINDIR)/kvmconf
	install -d $(addprefix $(DESTDIR),$(MANDIR)/man1 $(BASHCOMPDIR) $(ZSHCOMPDIR) $(FISHCOMPDIR))
	install -m644 $(addprefix man/,$(PAGES)) $(DESTDIR)$(MANDIR)/man1
	$(KVMCONF) completions bash >$(DESTDIR)$(BASHCOMPDIR)/kvmconf
	$(KVMCONF) completions zsh >$(DESTDIR)$(ZSHCOMPDIR)/_kvmconf
	$(KVMCONF) completions fish >$(DESTDIR)$(FISHCOMPDIR)/kvmconf.fish

install-kvmload: kvmload ## install the parts that need no Swift: kvmload, library, header and man pages
	install -Dm755 $(LOADER)/kvmload $(DESTDIR)$(BINDIR)/kvmload
	install -Dm644 Sources/kvmload/include/kvmload.h $(DESTDIR)$(INCLUDEDIR)/kvmload.h
	install -Dm644 $(LOADER)/libkvmload.a $(DESTDIR)$(LIBDIR)/libkvmload.a
	install -Dm644 man/kvmload.1 $(DESTDIR)$(MANDIR)/man1/kvmload.1
	install -Dm644 man/kvmload.3 $(DESTDIR)$(MANDIR)/man3/kvmload.3
	sed -e 's|@libdir@|$(LIBDIR)|' -e 's|@includedir@|$(INCLUDEDIR)|' Sources/kvmload/kvmload.pc.in >$(LOADER)/kvmload.pc
	install -Dm644 $(LOADER)/kvmload.pc $(DESTDIR)$(LIBDIR)/pkgconfig/kvmload.pc

uninstall: ## remove what install installed
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))
