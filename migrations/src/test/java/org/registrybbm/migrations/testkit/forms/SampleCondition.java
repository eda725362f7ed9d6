package org.registrybbm.migrations.testkit.forms;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Skips the inputs that a {@link Sample} leaves out. JUnit asks it for the test as a whole, and then for each input. */
final class SampleCondition implements ExecutionCondition {
    private static final Pattern NUMBER = Pattern.compile("invocation:#(\\d+)]$");
    private static final ConditionEvaluationResult TAKEN = ConditionEvaluationResult.enabled("taken");
    private static final ConditionEvaluationResult LEFT_OUT =
            ConditionEvaluationResult.disabled("taken with -Dbbm.matrix=long");

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        Matcher number = NUMBER.matcher(context.getUniqueId());
        if (LongBuild.IS_ON || !number.find()) {
            return TAKEN;
        }
        int oneOf = context.getRequiredTestMethod().getAnnotation(Sample.class).oneOf();
        return (Integer.parseInt(number.group(1)) - 1) % oneOf == 0 ? TAKEN : LEFT_OUT;
    }
}
