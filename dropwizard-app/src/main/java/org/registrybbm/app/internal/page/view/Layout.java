package org.registrybbm.app.internal.page.view;

import static j2html.TagCreator.a;
import static j2html.TagCreator.body;
import static j2html.TagCreator.button;
import static j2html.TagCreator.form;
import static j2html.TagCreator.head;
import static j2html.TagCreator.header;
import static j2html.TagCreator.html;
import static j2html.TagCreator.iff;
import static j2html.TagCreator.link;
import static j2html.TagCreator.main;
import static j2html.TagCreator.meta;
import static j2html.TagCreator.nav;
import static j2html.TagCreator.p;
import static j2html.TagCreator.script;
import static j2html.TagCreator.span;
import static j2html.TagCreator.title;

import j2html.tags.DomContent;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.access.Operator;

/** What all views have in common: head, links, and who is logged in. */
public final class Layout {
    /** Where all views are. */
    public static final String ROOT = "/bbm/";

    private Layout() {}

    /**
     * Returns a whole page.
     *
     * @param title what it is about
     * @param operator who looks; null if nobody is logged in
     * @param content what is on it
     */
    public static String page(String title, @Nullable Operator operator, DomContent... content) {
        return "<!DOCTYPE html>\n"
                + html(
                                head(
                                        meta().withCharset("utf-8"),
                                        meta().withName("viewport").withContent("width=device-width, initial-scale=1"),
                                        meta().withName("color-scheme").withContent("light dark"),
                                        title(title + " · batched migrations"),
                                        link().withRel("icon").withHref("data:,"),
                                        link().withRel("stylesheet").withHref(Assets.address("page.css")),
                                        script().withSrc(Assets.address("page.js"))
                                                .isDefer()),
                                body(
                                        a("to the content").withHref("#content").withClass("skip"),
                                        header(
                                                iff(operator != null, navigation()),
                                                iff(operator != null, who(operator))),
                                        main().withId("content").with(Stream.of(content)),
                                        p().withId("spoken")
                                                .attr("aria-live", "polite")
                                                .withClass("spoken")))
                        .withLang("en")
                        .render();
    }

    private static DomContent navigation() {
        return nav(
                        a("Migrations").withHref(ROOT),
                        a("Replicas").withHref(ROOT + "replicas"),
                        a("Budgets").withHref(ROOT + "budgets"),
                        a("Events").withHref(ROOT + "events"))
                .attr("aria-label", "views");
    }

    private static DomContent who(@Nullable Operator operator) {
        return operator == null
                ? span()
                : form(
                                span(operator.name() + " (" + operator.role().word() + ")"),
                                button("Log out").withType("submit"))
                        .withMethod("post")
                        .withAction(ROOT + "logout")
                        .withClass("who");
    }
}
