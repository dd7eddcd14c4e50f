/* Reads scenes, and plans them. What a scene says wrong fails the test. */
#include "tests/unit/support_plan.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

/* --- publishers and records ------------------------------------------------------------------- */

PublisherId publisher_id(const char *who) {
        PublisherId id;

        memset(&id, strcmp(who, "me") == 0 ? 0x4f : (who[1] - '0') << 4, sizeof(id));
        must(strcmp(who, "me") == 0 || (who[0] == 'p' && who[1] > '0' && who[1] <= '9'));
        return id;
}

void srv_read_offer(Srv *srv, const char *text) {
        const size_t n = strcspn(text, ":/");
        char target[128];

        must(n < sizeof(target));
        memcpy(target, text, n);
        target[n] = '\0';
        *srv = (Srv){.port = 1688, .ttl = 3600};
        must(name_from_text(target, &srv->target) == 0);
        if (text[n] == ':')
                srv->port = (uint16_t)strtoul(&text[n + 1], NULL, 10);
        if (strchr(text, '/'))
                srv->ttl = (uint32_t)strtoul(strchr(text, '/') + 1, NULL, 10);
}

Srv claim_offer(const Claim *claim) {
        return (Srv){.port = claim->port, .target = claim->host};
}

bool srv_same_octets(const Srv *a, const Srv *b) {
        return a->priority == b->priority && a->weight == b->weight && a->port == b->port &&
               a->target.length == b->target.length &&
               memcmp(a->target.wire, b->target.wire, a->target.length) == 0;
}

bool txt_same_octets(const SceneTxt *a, const Txt *b) {
        return a->size == b->size && memcmp(a->rdata, b->rdata, a->size) == 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

typedef struct Words {
        size_t n;
        const char *words[12];
} Words;

static void words_split(char *text, Words *ret_words) {
        char *word;

        *ret_words = (Words){0};
        while ((word = strsep(&text, " \n"))) {
                if (!*word)
                        continue;
                ck_assert_uint_lt(ret_words->n, ELEMENTSOF(ret_words->words));
                ret_words->words[ret_words->n++] = word;
        }
}

/* True for "key=N". */
static bool word_is_number(const char *word, const char *key, uint64_t *ret_value) {
        const size_t n = strlen(key);

        if (strncmp(word, key, n) != 0 || word[n] != '=')
                return false;
        *ret_value = strtoull(&word[n + 1], NULL, 10);
        return true;
}

/* PRIORITY WEIGHT TARGET */
static Srv srv_read(const Words *words) {
        Srv srv;

        ck_assert_uint_ge(words->n, 4);
        srv_read_offer(&srv, words->words[3]);
        srv.priority = (uint16_t)strtoul(words->words[1], NULL, 10);
        srv.weight = (uint16_t)strtoul(words->words[2], NULL, 10);
        return srv;
}

void scene_add_srv(Scene *scene, const Srv *srv) {
        must(scene->n_srv < SCENE_SET_MAX);
        scene->srv[scene->n_srv++] = *srv;
}

void scene_add_rdata(Scene *scene, const uint8_t *rdata, size_t size, uint32_t ttl) {
        must(scene->n_txt < SCENE_SET_MAX);
        must(size <= SCENE_TXT_SIZE_MAX);
        SceneTxt *txt = &scene->txt[scene->n_txt++];
        *txt = (SceneTxt){.ttl = ttl, .size = (uint16_t)size};
        memcpy(txt->rdata, rdata, size);
}

void scene_add_claim(Scene *scene, const Claim *claim, uint32_t ttl) {
        uint8_t rdata[CLAIM_RDATA_MAX];
        const size_t size = claim_to_rdata(claim, rdata);

        must(size > 0);
        scene_add_rdata(scene, rdata, size, ttl);
}

static void txt_append(SceneTxt *txt, const char *string) {
        const size_t n = strlen(string);

        ck_assert_uint_le(txt->size + 1 + n, SCENE_TXT_SIZE_MAX);
        txt->rdata[txt->size++] = (uint8_t)n;
        memcpy(&txt->rdata[txt->size], string, n);
        txt->size = (uint16_t)(txt->size + n);
}

static void read_claim(Scene *scene, const Words *words) {
        Claim claim = {.id = publisher_id(words->words[1]), .ttl = 3600, .since_sec = SCENE_SINCE};
        const char *unknown = NULL;
        bool dead = false;
        uint64_t n;
        Srv srv;

        srv_read_offer(&srv, words->words[2]);
        claim.host = srv.target;
        claim.port = srv.port;
        for (size_t i = 3; i < words->n; i++) {
                const char *word = words->words[i];

                if (word_is_number(word, "ttl", &n))
                        claim.ttl = (uint32_t)n;
                else if (word_is_number(word, "lease", &n))
                        claim.lease_sec = (uint32_t)n;
                else if (strcmp(word, "dead") == 0)
                        dead = true;
                else if (!word_is_number(word, "since", &claim.since_sec) &&
                         !word_is_number(word, "until", &claim.until_sec))
                        unknown = word;
        }
        scene_add_claim(scene, &claim, srv.ttl);
        scene->txt[scene->n_txt - 1].dead = dead;
        if (unknown)
                txt_append(&scene->txt[scene->n_txt - 1], unknown);
}

static void read_wanted(Scene *scene, const Words *words) {
        PlanWanted *wanted = &scene->wanted[scene->input.n_wanted++];

        ck_assert_uint_le(scene->input.n_wanted, SCENE_SET_MAX);
        *wanted = (PlanWanted){.srv = srv_read(words), .since_sec = SCENE_SINCE};
        if (words->n > 4)
                ck_assert(word_is_number(words->words[4], "since", &wanted->since_sec));
}

static void read_remembered(Scene *scene, const Words *words) {
        PlanRemembered *remembered = &scene->remembered[scene->input.n_remembered++];

        ck_assert_uint_le(scene->input.n_remembered, SCENE_SET_MAX);
        srv_read_offer(&remembered->srv, words->words[1]);
        remembered->claimed = words->n > 2 && strcmp(words->words[2], "claimed") == 0;
}

static void read_txt(Scene *scene, const Words *words) {
        scene_add_rdata(scene, (const uint8_t *)"", 0, 3600);
        for (size_t i = 1; i < words->n; i++)
                txt_append(&scene->txt[scene->n_txt - 1], words->words[i]);
}

static bool read_policy(PlanInput *input, const char *word) {
        uint64_t n;

        if (strcmp(word, "exclusive") == 0)
                input->mode = MODE_EXCLUSIVE;
        else if (strcmp(word, "observe") == 0)
                input->mode = MODE_OBSERVE;
        else if (strcmp(word, "no-claims") == 0)
                input->claims = false;
        else if (strcmp(word, "optional") == 0)
                input->claims_optional = true;
        else if (strcmp(word, "reclaim") == 0)
                input->reclaim = true;
        else if (strcmp(word, "strays") == 0)
                input->leave_strays = true;
        else if (strcmp(word, "keep") == 0)
                input->keep_remembered = true;
        else if (strcmp(word, "refresh") == 0)
                input->refresh = true;
        else if (word_is_number(word, "lease", &n))
                input->lease_sec = (uint32_t)n;
        else
                return false;
        return true;
}

static void read_item(Scene *scene, const char *item, const Words *words) {
        const char *what = words->words[0];

        if (strcmp(what, "want") == 0)
                read_wanted(scene, words);
        else if (strcmp(what, "was") == 0)
                read_remembered(scene, words);
        else if (strcmp(what, "srv") == 0) {
                Srv srv = srv_read(words);

                scene_add_srv(scene, &srv);
        } else if (strcmp(what, "claim") == 0)
                read_claim(scene, words);
        else if (strcmp(what, "txt") == 0)
                read_txt(scene, words);
        else if (strcmp(what, "from") == 0) {
                scene->has_from = true;
                srv_read_offer(&scene->from, words->words[1]);
        } else if (strcmp(what, "cname") == 0)
                scene->has_cname = true;
        else
                ck_assert_msg(read_policy(&scene->input, what), "what is: %s", item);
        if (strcmp(what, "claim") == 0 || strcmp(what, "txt") == 0)
                snprintf(scene->txt[scene->n_txt - 1].words, SCENE_WORDS_MAX, "%s", item);
}

void scene_init(Scene *scene) {
        *scene = (Scene){
                .input = {.claims = true, .now_sec = SCENE_NOW},
                .id = publisher_id("me"),
        };
}

void scene_read(Scene *scene, const char *text) {
        char copy[SCENE_TEXT_MAX], *rest = copy, *item;

        ck_assert_uint_lt(strlen(text), sizeof(copy));
        snprintf(copy, sizeof(copy), "%s", text);
        scene_init(scene);
        while ((item = strsep(&rest, ";"))) {
                char whole[SCENE_WORDS_MAX];
                Words words;

                item += strspn(item, " \n");
                snprintf(whole, sizeof(whole), "%s", item);
                words_split(item, &words);
                if (words.n > 0)
                        read_item(scene, whole, &words);
        }
}

/* --- contents -----------------------------------------------------------------------------------
 */

size_t scene_count_offer(const Scene *scene, const Srv *srv) {
        size_t n = 0;

        for (size_t i = 0; i < scene->n_srv; i++)
                n += srv_same_offer(&scene->srv[i], srv);
        return n;
}

bool scene_has_srv(const Scene *scene, const Srv *srv) {
        for (size_t i = 0; i < scene->n_srv; i++)
                if (srv_same_octets(&scene->srv[i], srv))
                        return true;
        return false;
}

bool scene_has_txt(const Scene *scene, const Txt *txt) {
        for (size_t i = 0; i < scene->n_txt; i++)
                if (txt_same_octets(&scene->txt[i], txt))
                        return true;
        return false;
}

bool scene_is_our_claim(const Scene *scene, const Txt *txt, const Srv *srv) {
        return txt->is_claim && publisher_id_equal(&txt->claim.id, &scene->id) &&
               claim_covers(&txt->claim, srv);
}

/* --- planning --------------------------------------------------------------------------------- */

const Observation *scene_observe(Scene *scene) {
        for (size_t i = 0; i < scene->n_txt; i++) {
                const SceneTxt *txt = &scene->txt[i];
                Txt *seen = &scene->seen[i];

                *seen = (Txt){.ttl = txt->ttl, .size = txt->size, .rdata = txt->rdata};
                seen->is_claim = claim_from_rdata(txt->rdata, txt->size, &seen->claim) == 0;
                seen->dead = txt->dead;
        }
        scene->observation = (Observation){
                .authoritative = true,
                .has_cname = scene->has_cname,
                .n_srv = scene->n_srv,
                .n_txt = scene->n_txt,
                .srv = scene->srv,
                .txt = scene->seen,
        };
        return &scene->observation;
}

Plan *scene_plan(Scene *scene) {
        Plan *plan = NULL;

        scene->input.id = &scene->id;
        scene->input.wanted = scene->wanted;
        scene->input.remembered = scene->remembered;
        scene->input.observation = scene_observe(scene);
        scene->input.from = scene->has_from ? &scene->from : NULL;
        must(plan_new(&scene->input, &plan) == 0);
        return plan;
}
