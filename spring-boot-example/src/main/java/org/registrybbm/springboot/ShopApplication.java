package org.registrybbm.springboot;

import com.zaxxer.hikari.HikariDataSource;
import java.util.Map;
import javax.sql.DataSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.autoconfigure.jdbc.DataSourceProperties;
import org.springframework.boot.autoconfigure.quartz.QuartzDataSource;
import org.springframework.boot.autoconfigure.quartz.SchedulerFactoryBeanCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Primary;

/** A shop that changes its tables while it serves. */
@SpringBootApplication
public class ShopApplication {
    public static void main(String[] args) {
        SpringApplication.run(ShopApplication.class, args);
    }

    // snippet: spring-boot
    @Bean
    @Primary
    HikariDataSource dataSource(DataSourceProperties properties) {
        return properties.initializeDataSourceBuilder().type(HikariDataSource.class).build();
    }

    /** Quartz has a pool of its own, so that its cluster does not wait for connections that serve or work. */
    @Bean
    @QuartzDataSource
    HikariDataSource quartzDataSource(DataSourceProperties properties) {
        return properties.initializeDataSourceBuilder().type(HikariDataSource.class).build();
    }

    @Bean
    BatchedMigrations batchedMigrations(DataSource dataSource) {
        return BatchedMigrations.on(dataSource).workFunctions(new ShopWork()).build();
    }

    @Bean
    SchedulerFactoryBeanCustomizer engineForQuartz(BatchedMigrations engine) {
        return scheduler -> scheduler.setSchedulerContextAsMap(Map.of("org.registrybbm.engine", engine));
    }
    // end
}
