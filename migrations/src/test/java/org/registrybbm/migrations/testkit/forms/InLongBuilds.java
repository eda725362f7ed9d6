package org.registrybbm.migrations.testkit.forms;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** A test that takes long and looks closer at what a shorter one covers. It runs with {@code -Dbbm.matrix=long}. */
@Target({ElementType.METHOD, ElementType.TYPE})
@Retention(RetentionPolicy.RUNTIME)
@EnabledIfSystemProperty(named = "bbm.matrix", matches = "long", disabledReason = "runs with -Dbbm.matrix=long")
public @interface InLongBuilds {}
