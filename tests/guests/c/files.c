//! dir: /data
// Files and directories beneath a granted one.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK(e) do { if (!(e)) printf("line %d: %s: %s\n", __LINE__, #e, strerror(errno)); } while (0)

static int by_name(const void* a, const void* b) { return strcmp(*(char* const*)a, *(char* const*)b); }
static void list(const char* path) {
  char* names[300];
  int n = 0;
  DIR* d = opendir(path);
  CHECK(d);
  if (!d) return;
  for (struct dirent* e; (e = readdir(d)) && n < 300;)
    if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) names[n++] = strdup(e->d_name);
  closedir(d);
  qsort(names, (size_t)n, sizeof *names, by_name);
  printf("%s: %d entries:", path, n);
  for (int i = 0; i < n; i++) {
    if (i < 8) printf(" %s", names[i]);
    free(names[i]);
  }
  puts(n > 8 ? " ..." : "");
}

int main(void) {
  FILE* f = fopen("/data/lines.txt", "w");
  CHECK(f);
  for (int i = 0; i < 1000; i++) fprintf(f, "line %d: %d squared is %d\n", i, i, i * i);
  CHECK(fclose(f) == 0);
  f = fopen("/data/lines.txt", "r");
  char line[128];
  int lines = 0;
  long bytes = 0;
  while (fgets(line, sizeof line, f)) lines++, bytes += (long)strlen(line);
  printf("%d lines, %ld bytes, ftell %ld, eof %d\n", lines, bytes, ftell(f), !!feof(f));
  CHECK(fseek(f, -20, SEEK_END) == 0 && fgets(line, sizeof line, f));
  printf("last: %s", line);
  rewind(f);
  CHECK(fscanf(f, "line %d: %*d squared", &lines) == 1);
  ungetc('X', f);
  printf("%d %c\n", lines, fgetc(f));
  fclose(f);
  f = fopen("/data/lines.txt", "a+");
  fputs("appended\n", f);
  printf("size %ld\n", ftell(f));
  fclose(f);

  int fd = open("/data/raw", O_RDWR | O_CREAT | O_EXCL, 0644);
  CHECK(fd >= 0);
  CHECK(open("/data/raw", O_RDWR | O_CREAT | O_EXCL, 0644) == -1 && errno == EEXIST);
  CHECK(write(fd, "0123456789", 10) == 10);
  CHECK(pwrite(fd, "AB", 2, 4) == 2);
  CHECK(lseek(fd, 2, SEEK_SET) == 2);
  char b[16] = {0};
  CHECK(read(fd, b, 4) == 4);
  printf("%s\n", b);
  CHECK(pread(fd, b, 10, 5) == 5);
  printf("%.5s\n", b);
  CHECK(ftruncate(fd, 6) == 0 && lseek(fd, 0, SEEK_END) == 6);
  CHECK(lseek(fd, 100, SEEK_SET) == 100 && write(fd, "z", 1) == 1);
  struct stat st;
  CHECK(fstat(fd, &st) == 0);
  printf("size %lld, regular %d, links %d\n", (long long)st.st_size, S_ISREG(st.st_mode), (int)st.st_nlink);
  CHECK(close(fd) == 0 && close(fd) == -1 && errno == EBADF);

  CHECK(mkdir("/data/sub", 0755) == 0);
  CHECK(mkdir("/data/sub", 0755) == -1 && errno == EEXIST);
  CHECK(mkdir("/data/sub/deep", 0755) == 0);
  for (int i = 0; i < 200; i++) {
    char path[64];
    snprintf(path, sizeof path, "/data/sub/file-with-a-rather-long-name-%03d", i);
    fd = open(path, O_WRONLY | O_CREAT, 0644);
    CHECK(fd >= 0);
    close(fd);
  }
  list("/data");
  list("/data/sub");
  CHECK(rename("/data/raw", "/data/sub/moved") == 0);
  CHECK(access("/data/raw", F_OK) == -1 && errno == ENOENT);
  CHECK(rmdir("/data/sub") == -1 && errno == ENOTEMPTY);
  CHECK(link("/data/sub/moved", "/data/twin") == 0 && stat("/data/twin", &st) == 0);
  printf("links %d, size %lld\n", (int)st.st_nlink, (long long)st.st_size);
  CHECK(symlink("sub/moved", "/data/soft") == 0 && lstat("/data/soft", &st) == 0);
  char target[32] = {0};
  CHECK(readlink("/data/soft", target, sizeof target - 1) == 9);
  printf("symlink %d to %s\n", S_ISLNK(st.st_mode), target);
  CHECK(unlink("/data/soft") == 0 && unlink("/data/twin") == 0 && unlink("/data/sub") == -1);
  CHECK(open("/data/none/at/all", O_RDONLY) == -1 && errno == ENOENT);
  CHECK(open("/etc/passwd", O_RDONLY) == -1);
  CHECK(open("/data/../../etc/passwd", O_RDONLY) == -1);
  CHECK(fopen("/data/lines.txt/x", "r") == 0 && errno == ENOTDIR);
  list("/data");
  return 0;
}
