// Counts words of stdin with a hash table.
//! stdin: the cat and the dog and the bird saw the cat; a dog saw A bird
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry { struct entry* next; int count; char word[]; };
static struct entry* table[64];

int main(void) {
  char word[64];
  int c, n = 0, total = 0;
  do {
    c = getchar();
    if (c != EOF && isalpha(c)) {
      if (n < 63) word[n++] = (char)tolower(c);
      continue;
    }
    if (!n) continue;
    word[n] = 0, n = 0, total++;
    unsigned h = 5381;
    for (char* p = word; *p; p++) h = h * 33 ^ (unsigned)*p;
    struct entry** at = &table[h & 63];
    while (*at && strcmp((*at)->word, word)) at = &(*at)->next;
    if (!*at) {
      *at = calloc(1, sizeof **at + strlen(word) + 1);
      strcpy((*at)->word, word);
    }
    (*at)->count++;
  } while (c != EOF);
  for (int count = total; count; count--)
    for (char first = 'a'; first <= 'z'; first++)
      for (int i = 0; i < 64; i++)
        for (struct entry* e = table[i]; e; e = e->next)
          if (e->count == count && e->word[0] == first) printf("%4d %s\n", count, e->word);
  fprintf(stderr, "%d words\n", total);
  return 0;
}
