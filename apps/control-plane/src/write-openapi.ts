// Writes the OpenAPI document to the file that is named: `node dist/write-openapi.js docs/openapi.json`.
import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { API } from './app.module.ts';
import { createOpenApiDocument } from './http/openapi.ts';
import { OperationsController } from './http/operations.controller.ts';
import * as names from './tokens.ts';

/** Only the controllers' descriptions are read, so what they are given does not matter. */
@Module({
  controllers: [OperationsController, ...API],
  providers: Object.values(names).map((provide) => ({ provide, useValue: {} })),
})
class DescriptionModule {}

const app = await NestFactory.create(DescriptionModule, new FastifyAdapter(), { logger: false });
const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('name the file to write');
writeFileSync(path, `${JSON.stringify(createOpenApiDocument(app), null, 2)}\n`);
await app.close();
