package org.registrybbm.app.internal.page.view;

import static j2html.TagCreator.a;
import static j2html.TagCreator.button;
import static j2html.TagCreator.code;
import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.form;
import static j2html.TagCreator.h1;
import static j2html.TagCreator.iff;
import static j2html.TagCreator.input;
import static j2html.TagCreator.label;
import static j2html.TagCreator.li;
import static j2html.TagCreator.p;
import static j2html.TagCreator.span;
import static j2html.TagCreator.ul;

import j2html.tags.DomContent;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.access.Operator;
import org.registrybbm.app.internal.operate.Effect;

/** Forms: to log in, and to confirm what is about to be done. */
public final class FormViews {
    private FormViews() {}

    public static String login(String to, String problem) {
        return Layout.page(
                "Log in",
                null,
                h1("Log in"),
                iff(!problem.isEmpty(), p(problem).withClass("problem").attr("role", "alert")),
                form(
                                // Browsers keep a password under a name.
                                input().withType("text")
                                        .attr("autocomplete", "username")
                                        .withValue("registry")
                                        .isHidden(),
                                label("Token").attr("for", "token"),
                                input().withType("password")
                                        .withId("token")
                                        .withName("token")
                                        .attr("autocomplete", "current-password")
                                        .isRequired()
                                        .isAutofocus(),
                                input().withType("hidden").withName("to").withValue(to),
                                button("Log in").withType("submit"))
                        .withMethod("post")
                        .withAction(Layout.ROOT + "login")
                        .withClass("form"),
                p("A token is made with ")
                        .with(code("registry token create --name <name> --role <read or operate>"))
                        .withText(", which prints the line for the configuration file."));
    }

    public static String message(@Nullable Operator operator, String title, String text) {
        return Layout.page(
                title, operator, h1(title), p(text), p(a("to the overview").withHref(Layout.ROOT)));
    }

    /**
     * A field of a form.
     *
     * @param name the name of the parameter
     * @param label what is asked for
     * @param value what is there already
     * @param hint what is allowed
     */
    public record Field(String name, String label, String value, String hint) {}

    /**
     * What is about to be done.
     *
     * @param title what it is, such as {@code Pause widen_users}
     * @param effects what it will touch
     * @param fields what else is asked for
     * @param hidden parameters that go with the form, each with its values
     * @param needsReason whether it cannot be done without a reason
     * @param back where to go if it is not done
     */
    public record Confirmation(
            String title,
            List<Effect> effects,
            List<Field> fields,
            Map<String, List<String>> hidden,
            boolean needsReason,
            String back) {}

    public static String confirm(Operator operator, Confirmation asked, String problem) {
        boolean nothing = asked.effects().isEmpty() && asked.fields().isEmpty();
        return Layout.page(
                asked.title(),
                operator,
                h1(asked.title()),
                iff(!problem.isEmpty(), p(problem).withClass("problem").attr("role", "alert")),
                nothing ? p("There is nothing to change.") : effects(asked.effects()),
                nothing ? p(a("Back").withHref(asked.back())) : confirmation(operator, asked));
    }

    private static DomContent effects(List<Effect> effects) {
        int more = effects.size() - 20;
        return effects.isEmpty()
                ? span()
                : div(
                        p("This will change " + (effects.size() == 1 ? "1 thing:" : effects.size() + " things:")),
                        ul(each(
                                effects.subList(0, Math.min(20, effects.size())),
                                one -> li(one.subject() + ": " + one.text()))),
                        iff(more > 0, p("and " + more + " more")));
    }

    private static DomContent confirmation(Operator operator, Confirmation asked) {
        return form().withMethod("post")
                .withClass("form")
                .with(asked.hidden().entrySet().stream()
                        .flatMap(each -> each.getValue().stream()
                                .map(value -> input().withType("hidden")
                                        .withName(each.getKey())
                                        .withValue(value))))
                .with(asked.fields().stream()
                        .map(field -> div(
                                label(field.label()).attr("for", field.name()),
                                input().withId(field.name())
                                        .withName(field.name())
                                        .withValue(field.value())
                                        .attr("aria-describedby", field.name() + "-hint"),
                                span(field.hint())
                                        .withId(field.name() + "-hint")
                                        .withClass("hint"))))
                .with(
                        label("Reason, kept with the events").attr("for", "reason"),
                        input().withId("reason")
                                .withName("reason")
                                .withMaxlength("500")
                                .condAttr(asked.needsReason(), "required", "")
                                .isAutofocus(),
                        p("by " + operator.name()).withClass("hint"),
                        div(
                                        button(asked.title()).withType("submit").withId("do"),
                                        a("Cancel").withHref(asked.back()))
                                .withClass("actions"));
    }
}
