/**
 * How changes and preconditions read what a changelog gives them: strictly, and into the same text in each format. What they do with it is
 * in the other rooms of Liquibase.
 */
@NullMarked
package org.registrybbm.migrations.liquibase.attribute;

import org.jspecify.annotations.NullMarked;
