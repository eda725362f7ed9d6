/**
 * What our changes, preconditions and statements have in common: they read what a changelog gives them strictly and into the same text in
 * each format, and some run a program where Liquibase expects SQL. What each of them does is in the other rooms of Liquibase.
 */
@NullMarked
package org.registrybbm.migrations.liquibase.base;

import org.jspecify.annotations.NullMarked;
