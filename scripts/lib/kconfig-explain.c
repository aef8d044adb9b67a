// SPDX-License-Identifier: GPL-2.0-only
/*
 * Say why a .config does not have what was asked of it, with the Kconfig
 * library of the kernel tree itself.
 *
 *	kconfig-explain Kconfig CONFIG <requests
 *
 * Linked by scripts/lib/kconfig-tree.sh with the parser objects that the tree's
 * own makefile built (scripts/kconfig/{confdata,expr,menu,symbol,...}.o) and run
 * in the environment in which that makefile runs conf, so each answer is the
 * base's own: its grammar, its defaults, its compiler checks, its choices.
 *
 * A request is SYMBOL=VALUE, VALUE as in a .config and "n" for "is not set";
 * SYMBOL>=VALUE is content with more (y where m was asked); SYMBOL? only asks
 * whether the tree has it. Answers, fields separated by tabs:
 *
 *	ok SYMBOL VALUE
 *	bad SYMBOL WANTED VALUE KIND FILE:LINE	KIND: missing transitional type
 *						absent demoted forced range differs
 *	why DEPTH TEXT			the chain, below its "bad"
 *	blame SYMBOL VALUE STATE	end of a chain; STATE: set, unset, promptless, missing
 *
 * Exit status: 0 answered, 2 usage, 3 the config or the tree cannot be read.
 *
 * The tree's headers are not on the include path of the rest of this repository;
 * without them there is nothing to compile here.
 */
#if __has_include("lkc.h")
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include <list.h>
#include "lkc.h"

#define DEPTH_MAX	12
#define LIST_MAX	6
#define TOLD_MAX	64

/* What was explained for the present request, and how deep below it we are. */
static const struct symbol *told[TOLD_MAX];
static int told_len, depth;

static void explain_low(struct symbol *sym, tristate want);
static void explain_high(struct symbol *sym, tristate limit);

static const char *tri_name(tristate t)
{
	return t == yes ? "y" : t == mod ? "m" : "n";
}

static bool is_tri(const struct symbol *sym)
{
	return sym->type == S_BOOLEAN || sym->type == S_TRISTATE;
}

static const char *value(struct symbol *sym)
{
	sym_calc_value(sym);
	if (is_tri(sym))
		return tri_name(sym_get_tristate_value(sym));
	return sym_get_string_value(sym);
}

static const struct menu *entry(const struct symbol *sym)
{
	const struct menu *menu;

	list_for_each_entry(menu, &sym->menus, link)
		if (menu->prompt)
			return menu;
	return list_empty(&sym->menus) ? NULL :
		list_entry(sym->menus.next, struct menu, link);
}

static bool has_prompt(const struct symbol *sym)
{
	const struct menu *menu = entry(sym);

	return menu && menu->prompt;
}

static const char *where(const struct symbol *sym)
{
	static char buf[512];
	const struct menu *menu = entry(sym);

	snprintf(buf, sizeof(buf), "%s:%d", menu ? menu->filename : "nowhere",
		 menu ? menu->lineno : 0);
	return buf;
}

static void why(const char *fmt, ...)
{
	va_list ap;

	printf("why\t%d\t", depth);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static void blame(struct symbol *sym, const char *state)
{
	printf("blame\t%s\t%s\t%s\n", sym->name, value(sym), state);
}

static char *expr_text(const struct expr *e)
{
	struct gstr gs = str_new();
	char *s;

	expr_gstr_print(e, &gs);
	s = strdup(str_get(&gs));
	str_free(&gs);
	if (s && strlen(s) > 300)
		strcpy(s + 296, "...");
	return s;
}

/* A symbol that was explained for this request, or one too deep, ends the chain. */
static bool enter(const struct symbol *sym)
{
	int i;

	for (i = 0; i < told_len; i++)
		if (told[i] == sym)
			return false;
	if (depth == DEPTH_MAX || told_len == TOLD_MAX)
		return false;
	told[told_len++] = sym;
	depth++;
	return true;
}

static void leave(void)
{
	depth--;
}

/*
 * No setting of this tree for this architecture makes @e true: a part of it has
 * no definition here, or is another architecture's, or is meant for test builds.
 */
static bool hopeless(const struct expr *e)
{
	switch (e->type) {
	case E_AND:
		return hopeless(e->left.expr) || hopeless(e->right.expr);
	case E_OR:
		return hopeless(e->left.expr) && hopeless(e->right.expr);
	case E_SYMBOL:
		if (e->left.sym->flags & SYMBOL_CONST)
			return e->left.sym->curr.tri == no;
		return e->left.sym->type == S_UNKNOWN ||
			!strcmp(e->left.sym->name ?: "", "COMPILE_TEST");
	default:
		return false;
	}
}

/* Collects the operands of a tree of the same operator. */
static int operands(struct expr *e, enum expr_type type, struct expr **list, int n, int max)
{
	if (e->type != type) {
		if (n < max)
			list[n++] = e;
		return n;
	}
	n = operands(e->left.expr, type, list, n, max);
	return operands(e->right.expr, type, list, n, max);
}

static void explain_compare(struct expr *e, tristate want)
{
	struct symbol *sym = e->left.sym;
	char *text = expr_text(e);
	bool constant = e->right.sym->flags & SYMBOL_CONST;

	why("needs %s, and %s is \"%s\"", text, sym->name, value(sym));
	free(text);
	if (!enter(sym))
		return;
	if (e->type == E_EQUAL && constant && is_tri(sym)) {
		tristate right = e->right.sym->curr.tri;

		if (sym_get_tristate_value(sym) < right)
			explain_low(sym, right);
		else
			explain_high(sym, right);
	} else if (e->type == E_UNEQUAL && constant && is_tri(sym) &&
		   e->right.sym->curr.tri == yes) {
		explain_high(sym, mod);
	} else {
		blame(sym, has_prompt(sym) ? "set" : "promptless");
	}
	leave();
}

/* Why @e is less than @want: the operands to blame, one level deeper each. */
static void explain_expr(struct expr *e, tristate want)
{
	struct expr *list[64];
	int n, i, shown = 0;
	bool any = false;

	if (!e || expr_calc_value(e) >= want)
		return;
	switch (e->type) {
	case E_AND:
		explain_expr(e->left.expr, want);
		explain_expr(e->right.expr, want);
		return;
	case E_OR:
		n = operands(e, E_OR, list, 0, 64);
		for (i = 0; i < n; i++)
			any |= !hopeless(list[i]);
		for (i = 0; i < n; i++)
			shown += !any || !hopeless(list[i]);
		if (shown > 1) {
			char *text = expr_text(e);

			why("needs one of: %s", text);
			free(text);
		}
		for (i = 0, shown = 0; i < n && shown < LIST_MAX; i++)
			if (!any || !hopeless(list[i])) {
				explain_expr(list[i], want);
				shown++;
			}
		return;
	case E_NOT:
		if (e->left.expr->type == E_SYMBOL) {
			struct symbol *sym = e->left.expr->left.sym;

			why("needs !%s, and %s is %s", sym->name, sym->name, value(sym));
			if (!enter(sym))
				return;
			explain_high(sym, EXPR_NOT(want));
			leave();
		} else {
			char *text = expr_text(e);

			why("needs %s", text);
			free(text);
		}
		return;
	case E_SYMBOL:
		if (e->left.sym->flags & SYMBOL_CONST) {
			why("needs %s: a constant of this tree and compiler", tri_name(want));
			return;
		}
		why("needs %s%s, which is %s", e->left.sym->name, want == yes ? "=y" : "",
		    value(e->left.sym));
		if (!enter(e->left.sym))
			return;
		explain_low(e->left.sym, want);
		leave();
		return;
	default:
		explain_compare(e, want);
	}
}

/*
 * What the prompts let a user set. Of a choice the library calculates the
 * visibility only as far as it needs, so ask the expressions.
 */
static tristate settable(struct symbol *sym)
{
	struct property *prop;
	tristate most = no;

	for_all_prompts(sym, prop)
		most = EXPR_OR(most, expr_calc_value(prop->visible.expr));
	return sym->type == S_BOOLEAN && most == mod ? yes : most;
}

/* The member of @sym's choice that has it, when @sym does not. */
static bool explain_choice(struct symbol *sym)
{
	struct menu *choice = sym_get_choice_menu(sym), *m;

	if (!choice)
		return false;
	menu_for_each_sub_entry(m, choice)
		if (m->sym && m->sym != sym && m->sym->name && !strcmp(value(m->sym), "y")) {
			why("the choice \"%s\" (%s:%d) has %s",
			    choice->prompt ? choice->prompt->text : "", choice->filename,
			    choice->lineno, m->sym->name);
			blame(m->sym, "set");
			return true;
		}
	return false;
}

/* Who could turn on a symbol that nobody can set. */
static void explain_promptless(struct symbol *sym, tristate want)
{
	struct expr *list[512];
	struct property *prop;
	int n, i, shown = 0, able = 0;

	why("%s has no prompt (%s): only a default or a select turns it on", sym->name, where(sym));
	for_all_defaults(sym, prop) {
		if (prop->visible.tri < want) {
			explain_expr(prop->visible.expr, want);
			shown++;
		} else if (expr_calc_value(prop->expr) < want) {
			explain_expr(prop->expr, want);
			shown++;
		}
	}
	n = sym->rev_dep.expr ? operands(sym->rev_dep.expr, E_OR, list, 0, 512) : 0;
	for (i = 0; i < n; i++)
		able += !hopeless(list[i]);
	for (i = 0; i < n && shown < LIST_MAX; i++) {
		char *text;

		if (hopeless(list[i]))
			continue;
		text = expr_text(list[i]);
		why("selected by %s, which is %s", text, tri_name(expr_calc_value(list[i])));
		free(text);
		if (able == 1)
			explain_expr(list[i], want);
		shown++;
	}
	if (able > LIST_MAX)
		why("and by %d more", able - LIST_MAX);
	if (able != 1)
		blame(sym, "promptless");
}

/* Why @sym is less than @want. The caller has entered @sym. */
static void explain_low(struct symbol *sym, tristate want)
{
	tristate need = sym->type == S_BOOLEAN ? mod : want;
	struct property *prop;

	sym_calc_value(sym);
	if (sym->type == S_UNKNOWN) {
		why("%s does not exist in this base for this architecture", sym->name);
		blame(sym, "missing");
	} else if (expr_calc_value(sym->dir_dep.expr) < need) {
		explain_expr(sym->dir_dep.expr, need);
	} else if (!has_prompt(sym)) {
		explain_promptless(sym, need);
	} else if (settable(sym) < want) {
		for_all_prompts(sym, prop)
			explain_expr(prop->visible.expr, need);
	} else if (!explain_choice(sym)) {
		why("%s could be %s here (%s), but the config %s", sym->name,
		    tri_name(sym->type == S_BOOLEAN ? yes : want),
		    where(sym), sym_has_value(sym) ? "says otherwise" : "does not set it");
		blame(sym, sym_has_value(sym) ? "set" : "unset");
	}
}

/* The leading symbol of a select's condition is the one that selects. */
static struct symbol *selector(struct expr *e)
{
	while (e->type == E_AND)
		e = e->left.expr;
	return e->type == E_SYMBOL ? e->left.sym : NULL;
}

static bool explain_reverse(struct expr *e, tristate limit, const char *verb)
{
	struct expr *list[512];
	int n, i, found = 0;

	if (!e || expr_calc_value(e) <= limit)
		return false;
	n = operands(e, E_OR, list, 0, 512);
	for (i = 0; i < n; i++) {
		struct symbol *by = selector(list[i]);
		char *text;

		if (expr_calc_value(list[i]) <= limit || !by || found++ >= LIST_MAX)
			continue;
		text = expr_text(list[i]);
		why("%s by %s (%s), which is %s", verb, text, where(by),
		    tri_name(expr_calc_value(list[i])));
		free(text);
		blame(by, has_prompt(by) ? "set" : "promptless");
	}
	if (found > LIST_MAX)
		why("and by %d more", found - LIST_MAX);
	return found;
}

/* Why @sym is more than @limit. The caller has entered @sym. */
static void explain_high(struct symbol *sym, tristate limit)
{
	sym_calc_value(sym);
	if (explain_reverse(sym->rev_dep.expr, limit, "selected"))
		return;
	if (limit == mod && modules_sym->curr.tri == no && modules_sym->name) {
		why("modules are off: %s is n", modules_sym->name);
		blame(modules_sym, "set");
		return;
	}
	if (!sym_has_value(sym) && explain_reverse(sym->implied.expr, limit, "implied"))
		return;
	if (sym_get_choice_menu(sym))
		why("it is what its choice has");
	else if (!has_prompt(sym))
		why("%s has no prompt (%s): its default turns it on", sym->name, where(sym));
	else
		why("%s could be %s here (%s), but the config %s", sym->name, tri_name(limit),
		    where(sym), sym_has_value(sym) ? "says otherwise" :
		    "does not set it and the default is on");
	blame(sym, !has_prompt(sym) ? "promptless" : sym_has_value(sym) ? "set" : "unset");
}

static void bad(struct symbol *sym, const char *name, const char *want, const char *kind)
{
	printf("bad\t%s\t%s\t%s\t%s\t%s\n", name, want, sym ? value(sym) : "-", kind,
	       sym ? where(sym) : "-");
	depth = 0;
	told_len = 0;
	if (sym)
		enter(sym);
}

static void answer_tri(struct symbol *sym, const char *want_text, bool at_least)
{
	tristate want, got = sym_get_tristate_value(sym);

	want = want_text[0] == 'y' ? yes : want_text[0] == 'm' ? mod : no;
	if (got == want || (at_least && want != no && got > want)) {
		printf("ok\t%s\t%s\n", sym->name, tri_name(got));
		return;
	}
	if (want == mod && sym->type == S_BOOLEAN) {
		bad(sym, sym->name, want_text, "type");
		why("it is a bool in this base: y or n, never m");
		if (got == no)
			explain_low(sym, yes);
	} else if (got < want) {
		bad(sym, sym->name, want_text, got == no ? "absent" : "demoted");
		explain_low(sym, want);
	} else {
		bad(sym, sym->name, want_text, "forced");
		explain_high(sym, want);
	}
}

static void answer_text(struct symbol *sym, const char *want)
{
	const char *got = value(sym);
	size_t len = strlen(want);
	char *plain = strdup(want);

	if (len >= 2 && plain[0] == '"' && plain[len - 1] == '"') {
		plain[len - 1] = 0;
		memmove(plain, plain + 1, len - 1);
	}
	if (!strcmp(plain, got) && (sym->visible != no || sym->flags & SYMBOL_WRITE)) {
		printf("ok\t%s\t%s\n", sym->name, got);
	} else if (!sym_string_valid(sym, plain)) {
		bad(sym, sym->name, want, "type");
		why("\"%s\" is not a value of type %s", plain, sym_type_name(sym->type));
	} else if (!sym_string_within_range(sym, plain)) {
		struct property *range = sym_get_range_prop(sym);

		bad(sym, sym->name, want, "range");
		if (range)
			why("the range here is %s to %s (%s:%d)",
			    sym_get_string_value(range->expr->left.sym),
			    sym_get_string_value(range->expr->right.sym), range->filename,
			    range->lineno);
		blame(sym, "set");
	} else {
		bad(sym, sym->name, want, "differs");
		if (settable(sym) == no)
			explain_low(sym, yes);
		else
			blame(sym, sym_has_value(sym) ? "set" : "unset");
	}
	free(plain);
}

static void answer(char *request)
{
	char *eq = strpbrk(request, "=>?"), *want = "?";
	bool at_least = eq && *eq == '>', exists = eq && *eq == '?';
	struct symbol *sym;

	if (!eq)
		return;
	*eq++ = 0;
	if (!exists)
		want = eq + at_least;
	sym = sym_find(request);
	if (!sym || sym->type == S_UNKNOWN) {
		bad(NULL, request, want, "missing");
		return;
	}
#ifdef SYMBOL_TRANS
	if (sym->flags & SYMBOL_TRANS) {
		bad(sym, request, want, "transitional");
		return;
	}
#endif
	sym_calc_value(sym);
	if (exists)
		printf("ok\t%s\t%s\n", sym->name, value(sym));
	else if (is_tri(sym))
		answer_tri(sym, want, at_least);
	else
		answer_text(sym, want);
}

/* The tree's own name for an option's value decides; its chatter does not help. */
int main(int argc, char **argv)
{
	char line[4096];

	if (argc != 3) {
		fprintf(stderr, "usage: kconfig-explain Kconfig CONFIG <requests\n");
		return 2;
	}
	conf_set_message_callback(NULL);
	conf_parse(argv[1]);
	if (conf_read(argv[2])) {
		fprintf(stderr, "kconfig-explain: cannot read %s\n", argv[2]);
		return 3;
	}
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		answer(line);
	}
	return 0;
}
#endif
